"""Timestamps of stored rows."""

from time import time


def now() -> int:
    """The time in milliseconds since 1970."""
    return int(time() * 1000)
