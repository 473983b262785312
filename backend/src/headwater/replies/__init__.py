"""The life of a reply: it is planned, started, followed, saved, cancelled and drained."""
