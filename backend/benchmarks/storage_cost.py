"""The processor time of a stored reply in the database: its beginning, its checkpoints and its end.

    cd backend && ../.venv/bin/python -m benchmarks.storage_cost [postgresql]

With `postgresql`, on a server from the wheel; else on SQLite in a new folder. Compare the figures of one run;
single figures differ between machines.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.streams.process_tree import cpu_seconds, descendant
from sqlalchemy import text
from sqlalchemy.engine import URL
from tests.postgresql import new_database, postgresql_server

from headwater.conversations.model import Conversation, GenerationRecord, Message, plain
from headwater.generation.kinds.text import Text
from headwater.generation.log import Piece
from headwater.ids import new_id
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, open_database, sqlite_url
from headwater.storage.replies import ReplyRepository

REPLIES = 500
CHECKPOINT = 18
"""Tokens of a reply that are saved at once: those of 0.35 s, at 50 tokens a second."""

QUESTION = "What does a river say to the sea, and why? " * 3
EVENTS = [Text("word ") for _ in range(500)]
OUTCOME = {"status": "completed", "usage": None, "timing": None}
REQUEST = {"message": b"12345678"}


class Replies:
    """Stored replies of 500 events, each in a conversation of its own."""

    def __init__(self, database: Database) -> None:
        self.conversations, self.replies = ConversationRepository(database), ReplyRepository(database)

    async def begin(self) -> GenerationRecord:
        question = Message(new_id("msg"), None, "user", plain(QUESTION), 5)
        reply = Message(new_id("msg"), question.id, "assistant", (), 5, model="m")
        conversation = Conversation(new_id("conv"), "A river", 5, 5)
        generation = GenerationRecord(
            id=new_id("gen"),
            owner="me",
            conversation=conversation.id,
            message=reply.id,
            parent=question.id,
            model="m",
            created_at=5,
        )
        await self.conversations.begin(generation, [question, reply], conversation, REQUEST)
        return generation

    async def whole(self) -> None:
        generation = await self.begin()
        await self.replies.close(generation.id, EVENTS, OUTCOME, "A title")


async def measure(label: str, times: int, work: Callable[[int], Awaitable[object]], at_once: int = 1) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    for number in range(0, times, at_once):
        await asyncio.gather(*(work(number + each) for each in range(at_once)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{label:34} {cpu / times * 1e3:7.3f} ms of CPU {wall / times * 1e3:8.3f} ms")


async def measure_all(url: URL) -> None:
    async with open_database(url, to_serve=True) as database:
        keeping = asyncio.create_task(database.keep())
        replies = Replies(database)
        for _ in range(20):
            await replies.whole()
        await measure("begin and close, one by one", 300, lambda _: replies.whole())
        await measure("begin and close, 100 at once", 500, lambda _: replies.whole(), 100)
        begun = [await replies.begin() for _ in range(100)]
        first = begun[0]
        await measure(
            "a checkpoint of 100 replies",
            10,
            lambda n: replies.replies.save([Piece(each.id, n * 25, EVENTS[:25]) for each in begun]),
        )
        await measure("a branch", 200, lambda _: replies.conversations.branch("me", first.conversation, None))
        await measure("a repeated start", 200, lambda _: replies.replies.start_of("me", first.id))
        if not database.is_sqlite:
            await measure_growth(database, replies)
        keeping.cancel()


async def measure_growth(database: Database, replies: Replies) -> None:
    """Print what stored replies take of the disk, and of PostgreSQL's processor time."""
    pid = descendant("postgres")

    async def sizes() -> tuple[float, ...]:
        size = text(
            "SELECT pg_database_size(current_database()), pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
        )
        row = await database.read(lambda connection: connection.execute(size).one())
        return cpu_seconds(pid), *map(float, row)

    before = await sizes()
    for _ in range(REPLIES // 50):
        begun = [await replies.begin() for _ in range(50)]
        for at in range(0, len(EVENTS), CHECKPOINT):
            events = EVENTS[at : at + CHECKPOINT]
            await replies.replies.save([Piece(each.id, at, events) for each in begun])
        for each in begun:
            await replies.replies.close(each.id, EVENTS, OUTCOME, "A title")
    cpu, stored, written = (after - was for after, was in zip(await sizes(), before, strict=True))
    print(
        f"a reply of {len(EVENTS)} tokens and {len(EVENTS) // CHECKPOINT} checkpoints:"
        f" {stored / REPLIES / 1024:.1f} KiB stored, {written / REPLIES / 1024:.1f} KiB of write-ahead log,"
        f" {cpu / REPLIES * 1000:.2f} ms of PostgreSQL's CPU"
    )


async def measure_new(server: URL) -> None:
    async with new_database(server) as url:
        await measure_all(url)


def main() -> None:
    if sys.argv[1:] == ["postgresql"]:
        with postgresql_server() as server:
            asyncio.run(measure_new(server.url))
    else:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure_all(sqlite_url(Path(folder) / "headwater.db")))


if __name__ == "__main__":
    main()
