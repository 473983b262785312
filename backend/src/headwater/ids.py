"""Identifiers that cannot be guessed. A client that starts a reply may choose them."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

ID_BYTES: Final = 16
ID_CHARS: Final = 22
"""Random bytes of an id, and their length as base64url (RFC 4648, section 5)."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def new_id(prefix: str) -> str:
    """A new id such as `gen_q1W…`: 128 random bits, safe in a path, a header and a line of text."""
    return f"{prefix}_{token_urlsafe(ID_BYTES)}"


def derived_id(prefix: str, *names: str) -> str:
    """An id that is always the same for the same names."""
    digest = sha256("\0".join(names).encode()).digest()
    return f"{prefix}_{urlsafe_b64encode(digest).decode()[:ID_CHARS]}"


def is_id(text: str) -> bool:
    """Whether a text could be an id at all."""
    return _ID.fullmatch(text) is not None
