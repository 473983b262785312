"""Server-sent events, NDJSON, and pages that are polled for."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import msgspec

from tests.running import SseEvent, SseReader
from tests.wires.wire import Reading, RefusedError, Seen, from_object


class StreamedWire:
    """Starts and follows over HTTP; how the bytes are read is each transport's own."""

    accept = ""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    @asynccontextmanager
    async def start(self, body: dict[str, Any], key: str | None = None) -> AsyncIterator[Reading]:
        headers = {"Accept": self.accept} | ({} if key is None else {"Idempotency-Key": key})
        async with self.client.stream("POST", "/api/chat", json=body, headers=headers) as response:
            await check(response)
            async with aclosing(self.read(response)) as reading:
                yield reading

    @asynccontextmanager
    async def follow(self, generation: str, after: int) -> AsyncIterator[Reading]:
        headers = {"Accept": self.accept, "Last-Event-ID": f"{generation}:{after}"}
        path = f"/api/generations/{generation}/events"
        async with self.client.stream("GET", path, headers=headers) as response:
            await check(response)
            async with aclosing(self.read(response)) as reading:
                yield reading

    async def cancel(self, generation: str) -> None:
        await check(await self.client.post(f"/api/generations/{generation}/cancel"))

    def read(self, response: httpx.Response) -> AsyncGenerator[Seen, None]:
        raise NotImplementedError


class SseWire(StreamedWire):
    accept = "text/event-stream"

    async def read(self, response: httpx.Response) -> AsyncGenerator[Seen, None]:
        reader = SseReader()
        async for data in response.aiter_raw():
            for event in reader.feed(data):
                yield _from_sse(event)
            for _ in range(reader.comments.count("heartbeat")):
                yield Seen("heartbeat")
            reader.comments.clear()


class NdjsonWire(StreamedWire):
    accept = "application/x-ndjson"

    async def read(self, response: httpx.Response) -> AsyncGenerator[Seen, None]:
        async for line in response.aiter_lines():
            yield from_object(msgspec.json.decode(line))


class PollWire(SseWire):
    """Starts as server-sent events do, and then asks for page after page."""

    @asynccontextmanager
    async def start(self, body: dict[str, Any], key: str | None = None) -> AsyncIterator[Reading]:
        async with super().start(body, key) as reading:
            start = await anext(reading)
            assert start.told is not None
            generation = start.told["generation"]
            yield self._pages(generation, 0, start)

    @asynccontextmanager
    async def follow(self, generation: str, after: int) -> AsyncIterator[Reading]:
        first = await self._page(generation, after, 0)
        yield self._pages(generation, after, Seen("start", after, told={"generation": generation}), first)

    async def _pages(
        self, generation: str, after: int, start: Seen, page: dict[str, Any] | None = None
    ) -> Reading:
        yield start
        while True:
            page = page or await self._page(generation, after, 0.2)
            for found in page["events"]:
                yield from_object(found)
            if page["outcome"] is not None:
                yield Seen("outcome", told=page["outcome"])
                return
            if not page["events"]:
                yield Seen("heartbeat")
            after, page = page["cursor"], None

    async def _page(self, generation: str, after: int, wait: float) -> dict[str, Any]:
        response = await self.client.get(
            f"/api/generations/{generation}/events",
            params={"after": after, "wait": wait},
            headers={"Accept": "application/json"},
        )
        await check(response)
        page: dict[str, Any] = response.json()
        return page


async def check(response: httpx.Response) -> None:
    """Raise what the response refuses."""
    if response.status_code >= 400:
        await response.aread()
        retry_after = response.headers.get("Retry-After")
        raise RefusedError(response.json()["code"], None if retry_after is None else int(retry_after))


def _from_sse(event: SseEvent) -> Seen:
    cursor = event.id.rpartition(":")[2]
    match event.event:
        case "message":
            return Seen("token", int(cursor), event.data["token"])
        case "reasoning":
            return Seen("reasoning", int(cursor), event.data["token"])
        case "start":
            return Seen("start", int(cursor), told=event.data)
        case "outcome":
            assert cursor == "end"
            return Seen("outcome", told=event.data)
        case other:
            raise AssertionError(f"{other!r} is no event")
