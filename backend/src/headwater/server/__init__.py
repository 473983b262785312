"""Hypercorn, started from code: sockets, signals, and the corrections it needs."""
