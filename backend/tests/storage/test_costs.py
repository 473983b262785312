"""What a reply's beginning and end cost a database, counted: statements, changes of thread, round trips."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL

from headwater.conversations.model import Settings
from headwater.generation.kinds.text import Text
from headwater.generation.log import Piece
from headwater.ids import new_id
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import open_database, sqlite_url
from headwater.storage.replies import ReplyRepository
from tests.postgresql import new_database
from tests.postgresql_proxy import proxied
from tests.storage.trees import COMPLETED, begin, begun, new_message, new_reply


class Costs:
    """The steps in the life of a stored reply; `count` does one and returns what it cost."""

    def __init__(self, database: Any) -> None:
        self._conversations, self._replies = ConversationRepository(database), ReplyRepository(database)

    async def warm_up(self) -> None:
        """Compile and prepare all statements, and open the connections."""
        await self.all(lambda step: step)

    async def all(self, count: Any) -> dict[str, Any]:
        conversations, replies = self._conversations, self._replies
        name, question = new_id("conv"), new_message(None, "Why?")
        first, second = new_reply(question), new_reply(question)
        piece = Piece(first.generation, 0, [Text("one")])
        steps = {
            "start": begin(conversations, "me", name, first, (question,), ("Title", Settings())),
            "checkpoint": replies.save([piece]),
            "end": replies.close(first.generation, piece.events, COMPLETED, "Title"),
            "branch": conversations.branch("me", name, None),
            "next start": begin(conversations, "me", name, second),
            "repeated start": replies.start_of("me", second.generation),
        }
        return {step: await count(work) for step, work in steps.items()}


async def test_statements_and_changes_of_thread_on_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []

    class Cursor(sqlite3.Cursor):
        def execute(self, statement: str, *parameters: Any) -> "Cursor":
            if not statement.startswith("PRAGMA"):  # a thread may open its connection only now
                statements.append(statement.split()[0])
            super().execute(statement, *parameters)
            return self

        def executemany(self, statement: str, parameters: Any) -> "Cursor":
            statements.append(statement.split()[0])
            super().executemany(statement, parameters)
            return self

    class Driver(sqlite3.Connection):
        def cursor(self, _: Any = None) -> Any:
            return super().cursor(Cursor)

        def execute(self, *work: Any) -> Any:
            return self.cursor().execute(*work)

        def executemany(self, *work: Any) -> Any:
            return self.cursor().executemany(*work)

        def commit(self) -> None:
            if self.in_transaction:
                statements.append("COMMIT")
            super().commit()

    monkeypatch.setattr(sqlite3.dbapi2, "connect", partial(sqlite3.connect, factory=Driver))
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        costs = Costs(database)
        await costs.warm_up()
        store: Any = database._store
        hops: list[str] = []
        loop = asyncio.get_running_loop()
        submit, back = ThreadPoolExecutor.submit, loop.call_soon_threadsafe

        def counting_submit(self: ThreadPoolExecutor, *work: Any) -> Any:
            hops.append("there")
            return submit(self, *work)

        def counting_back(*work: Any, **named: Any) -> Any:
            hops.append("back")
            return back(*work, **named)

        monkeypatch.setattr(ThreadPoolExecutor, "submit", counting_submit)
        monkeypatch.setattr(loop, "call_soon_threadsafe", counting_back)

        async def count(step: Any) -> tuple[str, list[str]]:
            await asyncio.to_thread(store._writer.submit(int).result)  # it waits for nothing now
            statements.clear()
            hops.clear()
            await step
            return " ".join(statements), hops.copy()

        once = ["there", "back"]
        assert await costs.all(count) == {
            "start": ("BEGIN INSERT INSERT INSERT COMMIT", once),
            "checkpoint": ("BEGIN INSERT COMMIT", once),
            "end": ("BEGIN UPDATE DELETE UPDATE UPDATE UPDATE COMMIT", once),
            "branch": ("WITH", once),
            "next start": ("BEGIN UPDATE INSERT INSERT COMMIT", once),
            "repeated start": ("SELECT", once),
        }


async def test_round_trips_to_postgresql(postgresql_url: URL, postgresql_template: str) -> None:
    async with new_database(postgresql_url, postgresql_template) as url:
        with proxied(url) as proxy:
            async with open_database(proxy.url) as database:
                costs = Costs(database)
                await costs.warm_up()

                async def count(step: Any) -> int:
                    before = proxy.round_trips
                    await step
                    return proxy.round_trips - before

                assert await costs.all(count) == {
                    "start": 1,
                    "checkpoint": 1,
                    "end": 2,
                    "branch": 1,
                    "next start": 1,
                    "repeated start": 1,
                }
                assert await count(begun(ConversationRepository(database), "me")) == 1
