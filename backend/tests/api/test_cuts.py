"""A client on a bare socket that is cut anywhere, and goes on behind the last whole event it has."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.running import RunningServer, SseReader, running

SSE, NDJSON = "text/event-stream", "application/x-ndjson"
MESSAGE = 'Grüße, "Welt"! 你好 🌊\nline\u2028two \\ end'
PACE = {"tokens_per_second": 400}
TOGETHER = 16
"""Connections at once, so that many cuts take little time."""


@pytest.fixture(scope="module")
def cut_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that sends each event by itself, and nothing but complaints to its log."""
    with running(
        tmp_path_factory.mktemp("cuts"), HEADWATER_FLUSH_MS="0", HEADWATER_HEARTBEAT="0.01"
    ) as server:
        yield server
        assert " ERROR " not in server.log, server.log


@dataclass
class Client:
    """Who asks; one name for all connections."""

    port: int
    token: str

    @classmethod
    def of(cls, server: RunningServer) -> "Client":
        return cls(server.port, httpx.get(f"{server.url}/api/models").headers["headwater-client"])

    @asynccontextmanager
    async def sent(self, line: str, body: bytes = b"", **headers: str) -> AsyncIterator["Answer"]:
        """Send a request over a connection of its own; at the end it is cut."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        headers |= {"Host": "localhost", "Headwater-Client": self.token, "Content-Length": str(len(body))}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(f"{line} HTTP/1.1\r\n{head}\r\n".encode() + body)
        try:
            yield Answer(reader)
        finally:
            writer.transport.abort()


@dataclass
class Answer:
    """What has come of an answer; read no further than to its end, which is the last chunk."""

    reader: asyncio.StreamReader
    raw: bytes = b""

    async def read(self, upto: int | None, step: int = 65_536) -> None:
        """Read until there are so many bytes (None: all); what comes beyond them is lost."""
        async with asyncio.timeout(10):
            while (upto is None or len(self.raw) < upto) and not self.raw.endswith(b"0\r\n\r\n"):
                part = await self.reader.read(step)
                assert part, f"the server hung up after {self.raw!r}"
                self.raw += part
        self.raw = self.raw[:upto]

    @property
    def body(self) -> bytes:
        """As much of the body as has come, without the marks between its chunks."""
        head, _, rest = self.raw.partition(b"\r\n\r\n")
        if not rest:
            return b""
        assert head.startswith(b"HTTP/1.1 200 "), head
        body = b""
        while found := re.match(rb"([0-9a-f]+)\r\n", rest):
            size, begins = int(found[1], 16), found.end()
            body += rest[begins : begins + size]
            rest = rest[begins + size + 2 :]
        return body


@dataclass
class Follower:
    """Reads one reply over as many connections as it takes, and keeps what was whole."""

    client: Client
    accept: str
    key: str
    generation: str = ""
    cursor: str = ""
    said: str = ""
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Answer]:
        """Ask, or go on behind what was seen. What came is taken at the end."""
        if self.cursor:
            asked = self.client.sent(
                f"GET /api/generations/{self.generation}/events",
                Accept=self.accept,
                Last_Event_ID=f"{self.generation}:{self.cursor}",
            )
        else:
            asked = self.client.sent(
                "POST /api/chat",
                msgspec.json.encode({"message": MESSAGE, "model": "scripted/echo", "script": PACE}),
                Accept=self.accept,
                Content_Type="application/json",
                Idempotency_Key=self.key,
            )
        async with asked as answer:
            yield answer
        self._take(answer.body)

    async def read(self, *cuts: int | None) -> None:
        """Read the answers, one after another, up to these bytes of each; no more after the outcome."""
        for cut in cuts:
            if not self.outcomes:
                async with self.connected() as answer:
                    await answer.read(cut)

    def check(self) -> None:
        """It has the text, and one outcome."""
        assert self.said == MESSAGE
        assert [outcome["status"] for outcome in self.outcomes] == ["completed"]

    def _take(self, body: bytes) -> None:
        first = True
        for name, cursor, data in sse(body) if self.accept == SSE else ndjson(body):
            assert not self.outcomes, "nothing comes after the outcome"
            assert (name == "start") == first
            first = False
            match name:
                case "start":
                    assert self.generation in {"", data["generation"]}
                    assert cursor == (self.cursor or "0")
                    self.generation = data["generation"]
                case "token":
                    assert int(cursor) == int(self.cursor) + 1
                    self.said += data["token"]
                case "outcome":
                    assert cursor == "end"
                    self.outcomes.append(data)
            self.cursor = cursor


def sse(body: bytes) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for event in SseReader().feed(body):
        yield event.event.replace("message", "token"), event.id.rpartition(":")[2], event.data


def ndjson(body: bytes) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for line in body.split(b"\n")[:-1]:
        data = msgspec.json.decode(line)
        if data["event"] != "heartbeat":
            yield data["event"], str(data["cursor"]), data


async def whole(client: Client, accept: str) -> bytes:
    """The bytes of an answer that nothing cut."""
    follower = Follower(client, accept, "whole" + accept.replace("/", ""))
    async with follower.connected() as answer:
        await answer.read(None)
    follower.check()
    return answer.raw


@pytest.mark.parametrize("accept", [SSE, NDJSON])
async def test_cut_after_any_byte_and_resumed_a_reply_is_whole(
    cut_server: RunningServer, accept: str
) -> None:
    client = Client.of(cut_server)
    raw = await whole(client, accept)
    seams = {found.end() + beside for found in re.finditer(rb"\n", raw) for beside in (-1, 0)}
    room = asyncio.Semaphore(TOGETHER)

    async def cut(after: int) -> None:
        async with room:
            follower = Follower(client, accept, f"{accept[-3:]}{after}")
            await follower.read(after, None)
            follower.check()

    async with asyncio.TaskGroup() as group:
        for after in sorted(seams | set(range(0, len(raw), 31))):
            group.create_task(cut(after))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    accept=st.sampled_from([SSE, NDJSON]),
    cuts=st.lists(st.integers(0, 1500), min_size=2, max_size=6),
    slow=st.integers(1, 60),
)
def test_readers_of_any_speed_and_luck_see_the_same(
    cut_server: RunningServer, accept: str, cuts: list[int], slow: int
) -> None:
    """One is cut again and again, one takes little at a time, one waits until it is over, one comes late."""

    async def example() -> None:
        client = Client.of(cut_server)
        first = Follower(client, accept, "k")
        await first.read(600)

        def another() -> Follower:
            return Follower(client, SSE if accept == NDJSON else NDJSON, "k")

        slowly, still, late = another(), another(), another()
        async with slowly.connected() as by_bits, still.connected() as at_last:
            async with asyncio.TaskGroup() as group:
                group.create_task(by_bits.read(None, slow))
                group.create_task(first.read(*cuts, None))
            await at_last.read(None)
        await late.read(None)
        for follower in (first, slowly, still, late):
            follower.check()
            assert follower.generation == late.generation

    asyncio.run(example())


async def test_an_event_source_that_has_seen_the_end_is_told_to_stop(cut_server: RunningServer) -> None:
    client = Client.of(cut_server)
    follower = Follower(client, SSE, "end")
    await follower.read(None)
    for path in ("/api/chat?message=again", f"/api/generations/{follower.generation}/events"):
        async with client.sent(f"GET {path}", Last_Event_ID=f"{follower.generation}:end") as answer:
            async with asyncio.timeout(5):
                head = await answer.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 204 ")
