"""Identifiers that cannot be guessed."""

import re
from secrets import token_urlsafe

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def new_id(prefix: str) -> str:
    """A new id such as `gen_q1W…`: 120 random bits, safe in a path, a header and a line of text."""
    return f"{prefix}_{token_urlsafe(15)}"


def is_id(text: str) -> bool:
    """Whether a text could be an id at all."""
    return _ID.fullmatch(text) is not None
