"""The keys that sign the names of clients: what becomes of them, and the port of where they are kept."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Protocol, TypeAlias

Keys: TypeAlias = tuple[bytes, ...]
"""From the oldest to the newest; at least one. All are accepted, and one signs."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What names clients. `server_id` is part of the names of cookies. The last of the keys signs."""

    server_id: str
    signing_keys: Keys


class SecretStore(Protocol):
    """Where they are kept. Raises `DataFolderError`, `DatabaseError` or `UnavailableError`."""

    async def load(self) -> Secrets:
        """What is kept; created the first time."""
        ...

    async def change(self, change: Callable[[Keys], Keys]) -> int:
        """Change the keys. Returns their number. Raises if there is none yet."""
        ...


def new_secrets() -> Secrets:
    """Secrets that nobody else has."""
    return Secrets(new_server_id(), (new_key(),))


def new_server_id() -> str:
    """A name that no other server on this machine has."""
    return token_hex(4)


def new_key() -> bytes:
    """A key that nobody else has."""
    return token_hex(32).encode()


def with_new_key(keys: Keys) -> Keys:
    """Add a key, which signs new names from then on. The older ones are still accepted."""
    return (*keys, new_key())


def newest_key(keys: Keys) -> Keys:
    """Keep only the newest key. Names that older keys signed are no longer accepted."""
    return keys[-1:]
