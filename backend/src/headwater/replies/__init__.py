"""What a reply lives through: it is planned, started, followed, saved, cancelled and drained."""
