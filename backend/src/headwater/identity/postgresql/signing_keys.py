"""Signing keys in a row of PostgreSQL, which all servers on a database read again when it changes."""

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection, Row, text

from headwater.identity.signing_keys import Keys, Secrets
from headwater.storage.database import Database, DatabaseError
from headwater.storage.rows import encode_json

TICK = 5.0
"""Seconds after which servers read the row without a bell."""

SIGNS_AFTER = 3 * TICK
"""Seconds after which a new key signs: all servers accept it by then."""

_NOW = "extract(epoch FROM clock_timestamp()) AS now"
_READ = text(f"SELECT server_id, signing_keys, {_NOW} FROM secrets")  # noqa: S608
_LOCK = text(f"SELECT server_id, signing_keys, {_NOW} FROM secrets FOR UPDATE")  # noqa: S608
_ADD = text(
    "INSERT INTO secrets (id, server_id, signing_keys) VALUES (1, :server_id, CAST(:keys AS json))"
    " ON CONFLICT DO NOTHING"
)
_CHANGE = text("UPDATE secrets SET signing_keys = CAST(:keys AS json)")


class PostgresqlSecrets:
    """See `SecretStore`. The first server brings `first`, which the others take over."""

    def __init__(self, database: Database, first: Callable[[], Secrets]) -> None:
        self._database = database
        self._first = first

    async def load(self) -> Secrets:
        """See `SecretStore.load`."""
        if (kept := await self._read()) is not None:
            return kept
        first = self._first()
        keys = encode_json([{"key": key.decode(), "since": 0} for key in first.signing_keys])
        await self._database.write(
            lambda connection: connection.execute(_ADD, {"server_id": first.server_id, "keys": keys})
        )
        return await self._read() or first

    async def change(self, change: Callable[[Keys], Keys]) -> int:
        """See `SecretStore.change`."""

        def work(connection: Connection) -> int:
            row = connection.execute(_LOCK).one_or_none()
            if row is None:
                raise DatabaseError(
                    "the database holds no signing keys; `headwater serve` creates the first one"
                )
            since = {key.key: key.since for key in _keys(row)}
            changed = [key.decode() for key in change(tuple(key.encode() for key in since))]
            keys = [{"key": key, "since": since.get(key, float(row.now))} for key in changed]
            connection.execute(_CHANGE, {"keys": encode_json(keys)})
            return len(keys)

        return await self._database.write(work)

    async def _read(self) -> Secrets | None:
        row = await self._database.read(
            lambda connection: connection.execute(_READ).one_or_none(), single=True
        )
        return None if row is None else Secrets(row.server_id, _in_order(_keys(row), float(row.now)))


class _Key(msgspec.Struct):
    key: str
    since: float
    """Seconds of the database's clock since 1970."""


def _keys(row: Row[tuple[object, ...]]) -> list[_Key]:
    return msgspec.convert(row.signing_keys, list[_Key])


def _in_order(keys: Sequence[_Key], now: float) -> Keys:
    """The key that signs last: the newest that all servers know, or the oldest."""
    signing = max((n for n, key in enumerate(keys) if now - key.since >= SIGNS_AFTER), default=0)
    return tuple(key.key.encode() for key in (*keys[signing + 1 :], *keys[: signing + 1]))
