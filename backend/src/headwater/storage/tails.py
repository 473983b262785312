"""The tails of replies: what those of a server that are read on others have got lately, one row a write.

Saved pieces hold all of a reply, a row for each, and come rarely. A row here costs the same for any number of
replies. Tails are for readers on other servers, which go on from the pieces, and for whoever closes the
replies of a server that is gone: what was read on another server stays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import text

from headwater.generation.codec import parse_parts, parts_objects
from headwater.generation.log import Piece
from headwater.storage.database import Database
from headwater.storage.servers import FENCE

KEPT = 5.0
"""Seconds between two calls of `forget`; much longer than between two saves of pieces."""

RECENT = 2.0
"""Seconds of which whoever begins to follow a server gets the rows; longer than a save of pieces takes."""

# The commit does not wait for the disk: after a crash of PostgreSQL, there are the pieces.
_ADD = text(f"""
    WITH held AS ({FENCE}), new AS (
        INSERT INTO tails (server, number, added_at, pieces)
        SELECT held.name, CAST(:number AS bigint), clock_timestamp(), CAST(:pieces AS bytea) FROM held
    )
    SELECT (SELECT count(*) FROM held) AS held, set_config('synchronous_commit', 'off', true)""")  # noqa: S608
_READ = text(f"""
    SELECT tails.server, tails.number, tails.pieces
    FROM unnest(CAST(:servers AS text[]), CAST(:numbers AS bigint[])) AS followed(server, number)
    JOIN tails ON tails.server = followed.server AND tails.number > followed.number
        AND (followed.number >= 0 OR tails.added_at > clock_timestamp() - make_interval(secs => {RECENT}))
    ORDER BY tails.server, tails.number""")  # noqa: S608
_FORGET = text(f"""
    WITH held AS ({FENCE}), own AS (
        DELETE FROM tails USING held WHERE server = held.name AND number < CAST(:end AS bigint)
    ), left_by_others AS (
        DELETE FROM tails USING held WHERE CAST(:for_all AS boolean)
            AND NOT EXISTS (SELECT FROM servers WHERE servers.name = tails.server)
            AND NOT EXISTS (SELECT FROM generations WHERE generations.server = tails.server AND shape IS NULL)
    )
    SELECT (SELECT count(*) FROM held) AS held, EXISTS (SELECT FROM tails) AS found""")  # noqa: S608


class TailRepository:
    """The tails of all servers on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._number = self._old = 0
        self._may_be_left = True

    async def add(self, pieces: Sequence[Piece]) -> None:
        """Add what replies of this server have got. Raises `UnavailableError`."""
        # A failed attempt may have added its row, so the next one has another number.
        row = {"number": self._number, "pieces": encode_pieces(pieces)}
        self._number += 1
        self._may_be_left = True
        await self._database.execute(_ADD, row)

    async def read(self, last: Mapping[str, int]) -> tuple[dict[str, int], list[Piece]]:
        """The last rows of other servers now, and what they have added after those that were the `last`.

        After -1, what they have added in `RECENT` seconds. Raises `UnavailableError`.
        """
        positions = {"servers": list(last), "numbers": list(last.values())}
        rows = await self._database.fetch(_READ, positions)
        now = {**last, **{row["server"]: row["number"] for row in rows}}
        return now, list(tail_pieces(row["pieces"] for row in rows))

    async def forget(self) -> None:
        """Delete what this server had added at the last call; one also deletes what gone ones left."""
        if not (self._may_be_left or self._database.other_servers):
            return
        old, self._old = self._old, self._number
        forgotten = await self._database.execute(_FORGET, {"end": old, "for_all": self._database.is_first})
        self._may_be_left = forgotten["found"]


def encode_pieces(pieces: Iterable[Piece]) -> bytes:
    """Pieces as a row has them."""
    return msgspec.msgpack.encode([(each.generation, each.at, parts_objects(each.events)) for each in pieces])


def tail_pieces(rows: Iterable[bytes]) -> Iterator[Piece]:
    """The inverse for some rows, in order."""
    for row in rows:
        for generation, at, events in msgspec.msgpack.decode(row):
            yield Piece(generation, at, parse_parts(events))
