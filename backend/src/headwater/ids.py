"""Identifiers that cannot be guessed."""

from secrets import token_urlsafe


def new_id(prefix: str) -> str:
    """A new id such as `gen_q1W…`: 120 random bits, safe in a path, a header and a line of text."""
    return f"{prefix}_{token_urlsafe(15)}"
