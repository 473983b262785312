"""Timestamps of stored rows, in milliseconds since 1970."""

from time import time


def now() -> int:
    """The current time in milliseconds since 1970."""
    return int(time() * 1000)
