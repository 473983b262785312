"""Hypercorn, started from code: sockets, signals, shutdown, and the corrections that it needs."""
