"""What a server keeps when it is killed, and when it is told to stop: a real process on a real database."""

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import URL

from headwater.api.archives import CLOSING, OPENING
from headwater.conversations.archive import to_archive
from headwater.transports.wire import encode_json
from tests.running import RunningServer, SseEvent, asked, sse_events, text_of
from tests.storage.trees import line, new_conversation

WORDS = " ".join(f"w{n}" for n in range(5_000))
"""What the echo says back, word by word: whatever was said is a beginning of it."""

PACE = {"tokens_per_second": 200}

LOST = 1.0
"""Seconds before a crash of which nothing may be missing."""


@dataclass
class Seen:
    """A reply as its reader knew it."""

    conversation: str
    generation: str
    events: list[SseEvent] = field(default_factory=list)

    def text(self, until: float = float("inf")) -> str:
        return text_of([event for event in self.events if event.at <= until])


class Place:
    """A folder (or a database) and a client, which outlive their servers."""

    def __init__(self, folder: Path, database: URL) -> None:
        self.folder = folder
        self._environment = {}
        if database.get_backend_name() != "sqlite":
            url = database.set(drivername="postgresql").render_as_string(hide_password=False)
            self._environment["HEADWATER_DATABASE_URL"] = url
        self._token = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[tuple[RunningServer, httpx.AsyncClient]]:
        server = RunningServer(self.folder, self._environment)
        try:
            await asyncio.to_thread(server.wait_until_ready)
            headers = {"headwater-client": self._token} if self._token else {}
            async with httpx.AsyncClient(base_url=server.url, timeout=30, headers=headers) as client:
                if not self._token:
                    self._token = (await client.get("/api/conversations")).headers["headwater-client"]
                    client.headers["headwater-client"] = self._token
                yield server, client
        finally:
            await asyncio.to_thread(server.stop)
        assert "Traceback" not in server.log, server.log

    def check(self) -> None:
        file = self.folder / "data" / "headwater.db"
        if file.exists():
            database = sqlite3.connect(file)
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
            for table in ("messages", "conversations"):
                database.execute(f"INSERT INTO {table}_words ({table}_words) VALUES ('integrity-check')")
            database.rollback()
            database.close()


@pytest.fixture
def place(database_url: URL, tmp_path: Path) -> Place:
    return Place(tmp_path, database_url)


async def follow(client: httpx.AsyncClient, generation: str, cursor: str) -> list[SseEvent]:
    path = f"/api/generations/{generation}/events"
    headers = {"Accept": "text/event-stream", "Last-Event-ID": cursor}
    async with client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        return [event async for event in sse_events(response)]


async def opened(client: httpx.AsyncClient, conversation: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/conversations/{conversation}")).json()
    return found


async def closed(client: httpx.AsyncClient, conversation: str) -> dict[str, Any]:
    """A conversation, once its reply has ended: on PostgreSQL, others must miss the killed server first."""
    async with asyncio.timeout(30):
        while (found := await opened(client, conversation))["running"]:
            pass
    return found


def cursor_of(event: SseEvent) -> int:
    return int(event.id.partition(":")[2])


async def until_killed(client: httpx.AsyncClient, seen: dict[int, Seen], number: int) -> None:
    try:
        async with asked(client, WORDS, script=PACE) as response:
            async for event in sse_events(response):
                if event.event == "start":
                    seen[number] = Seen(event.data["conversation"], event.data["generation"])
                seen[number].events.append(event)
    except httpx.TransportError:
        pass


async def killed_while_replies_run(place: Place, seconds: float) -> tuple[list[Seen], float]:
    """Kill the server so long after the last reply has begun; what its readers saw, and when that was."""
    seen: dict[int, Seen] = {}

    def enough() -> bool:
        begun = [each.events[0].at for each in seen.values() if each.events]
        return len(begun) == 4 and max(begun) + seconds <= time.monotonic()

    async with place.serving() as (server, client), asyncio.TaskGroup() as readers:
        for number in range(4):
            readers.create_task(until_killed(client, seen, number))
        async with asyncio.timeout(30):
            while not enough():  # noqa: ASYNC110 - the moment is told by no event
                await asyncio.sleep(0.01)
        server.process.kill()
        killed = time.monotonic()
        server.process.wait()
    return list(seen.values()), killed


async def check_after_crash(place: Place, all_: list[Seen], killed: float) -> None:
    async with place.serving() as (_, client):
        place.check()
        for seen in all_:
            conversation = await closed(client, seen.conversation)
            question, reply = conversation["messages"]
            assert question["text"] == WORDS
            assert reply["outcome"] == {"status": "interrupted", "usage": None, "timing": None}
            assert not conversation["running"]
            saved = reply["text"]
            assert WORDS.startswith(saved)
            assert saved.startswith(seen.text(killed - LOST))
            whole = await follow(client, seen.generation, f"{seen.generation}:0")
            assert text_of(whole) == saved
            end = cursor_of(whole[-2])
            cursors = seen.events
            for event in (*cursors[:: max(1, len(cursors) // 6)], cursors[-1]):
                rest = await follow(client, seen.generation, event.id)
                assert (rest[0].event, rest[-1].event) == ("start", "outcome")
                assert rest[-1].data["status"] == "interrupted"
                if cursor_of(event) <= end:
                    until = [each for each in cursors if cursor_of(each) <= cursor_of(event)]
                    assert text_of(until) + text_of(rest) == saved
                else:
                    assert (cursor_of(rest[0]), len(rest)) == (end, 2)
            ahead = await follow(client, seen.generation, f"{seen.generation}:{end + 1000}")
            assert (cursor_of(ahead[0]), len(ahead)) == (end, 2)


async def test_a_killed_server_keeps_what_was_said_and_its_readers_go_on_from_their_cursors(
    place: Place, database_url: URL
) -> None:
    """Killed when replies have just begun, and while they are saved."""
    later = LOST + 0.3 + random.random()
    for seconds in (0, later) if database_url.get_backend_name() == "sqlite" else (later,):
        seen, killed = await killed_while_replies_run(place, seconds)
        assert all(each.text(killed - LOST) for each in seen) == (seconds == later), seconds
        await check_after_crash(place, seen, killed)


async def test_a_stopped_server_keeps_all_that_was_said(place: Place) -> None:
    """A reply that had ended is followed from every cursor; one that ran is interrupted, and whole."""
    stall = {"tokens_per_second": 100_000, "faults": [{"after": 3, "kind": "stall"}]}
    async with place.serving() as (server, client):
        async with asked(client, "one two three four five", script=PACE) as response:
            ended = [event async for event in sse_events(response)]
        async with asked(client, "one two three four five", script=stall) as response:
            events = aiter(sse_events(response))
            ran = [await anext(events)]
            while text_of(ran).count(" ") < 2:
                ran.append(await anext(events))
            status, seconds = await asyncio.to_thread(server.stop)
            ran += [event async for event in events]
        assert (status, ran[-1].data["status"]) == (0, "interrupted")
        assert seconds < 15
    async with place.serving() as (_, client):
        place.check()
        for seen in (ended, ran):
            start, outcome = seen[0].data, seen[-1].data
            reply = (await opened(client, start["conversation"]))["messages"][-1]
            assert reply["text"] == text_of(seen)
            assert reply["outcome"] == outcome
            for event in seen[:-1]:
                before = [each for each in seen[:-1] if cursor_of(each) <= cursor_of(event)]
                rest = await follow(client, start["generation"], event.id)
                assert text_of(before) + text_of(rest) == text_of(seen)
                assert rest[-1].data == outcome


async def test_an_import_that_is_killed_leaves_all_or_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, URL.create("sqlite"))
    said = line(*(f"message {n} of a river" for n in range(20)))
    one = encode_json(to_archive(new_conversation(said), said))
    archive = OPENING + b",".join([one] * 2_000) + CLOSING

    async def send(client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.TransportError):
            await client.post(
                "/api/conversations/import", content=archive, headers={"Content-Type": "application/json"}
            )

    def rows() -> int:
        database = sqlite3.connect(tmp_path / "data" / "headwater.db")
        count: int = database.execute("SELECT count(*) FROM conversations").fetchone()[0]
        database.close()
        return count

    async with place.serving() as (server, client), asyncio.TaskGroup() as group:
        group.create_task(send(client))
        async with asyncio.timeout(60):
            while rows() == 0:  # noqa: ASYNC110 - another process tells nobody
                await asyncio.sleep(0.01)
        server.process.kill()
        server.process.wait()
    assert 0 < rows() < 2_000
    async with place.serving() as (_, client):
        place.check()
        assert (await client.get("/api/conversations")).json()["conversations"] == []
        found = await client.get("/api/conversations/search", params={"q": "river"})
        assert found.json()["results"] == []
        assert (await client.get("/api/conversations/export")).content == OPENING + CLOSING
