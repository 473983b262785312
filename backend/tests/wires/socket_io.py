"""Socket.IO with the stock client, which begins to poll and then changes to a WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import socketio

from tests.running import RunningServer
from tests.wires.websocket import PATIENCE
from tests.wires.wire import Reading, RefusedError, Seen, from_object

NAMES = {"done": "outcome", "error": "problem"}
"""Names of events that are others on our own transports."""


class SocketIoWire:
    """A connection of its own for each reply."""

    def __init__(self, server: RunningServer, headers: dict[str, str]) -> None:
        self._server = server
        self._headers = headers

    @asynccontextmanager
    async def start(self, body: dict[str, Any], key: str | None = None) -> AsyncIterator[Reading]:
        keyed = {} if key is None else {"idempotency_key": key}
        async with self._emitted("chat_message", {**body, **keyed}) as events:
            yield _read(events)

    @asynccontextmanager
    async def follow(self, generation: str, after: int) -> AsyncIterator[Reading]:
        async with self._emitted("follow", {"generation": generation, "after": after}) as events:
            yield _read(events)

    async def cancel(self, generation: str) -> None:
        async with self._emitted("cancel", {"generation": generation}) as events:
            assert _taken(await events.get())["event"] == "generation"

    @asynccontextmanager
    async def _emitted(self, event: str, data: Any) -> AsyncIterator["asyncio.Queue[dict[str, Any]]"]:
        """What arrives after an event."""
        async with connected(self._server.url, self._headers) as (client, events):
            await client.emit(event, data)
            yield events


@asynccontextmanager
async def connected(
    url: str, headers: dict[str, str] | None = None, **options: Any
) -> AsyncIterator[tuple[Any, "asyncio.Queue[dict[str, Any]]"]]:
    """A client, and what it receives; `options` are those of its `connect`."""
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with aiohttp.ClientSession() as session:
        client = socketio.AsyncClient(reconnection=False, http_session=session, request_timeout=PATIENCE)
        client.on("*", lambda event, data: events.put_nowait({"event": NAMES.get(event, event), **data}))
        await client.connect(url, headers=headers or {}, wait_timeout=PATIENCE, **options)
        try:
            yield client, events
        finally:
            await client.disconnect()


def _taken(event: dict[str, Any]) -> dict[str, Any]:
    """Raises what an event refuses."""
    if event["event"] == "problem" and "status" in event:
        raise RefusedError(event["code"], event.get("retry_after"))
    return event


async def _read(events: "asyncio.Queue[dict[str, Any]]") -> Reading:
    broken_off = False
    while True:
        event = _taken(await events.get())
        if event["event"] == "problem":
            broken_off = True
            continue
        seen: Seen = from_object(event)
        assert broken_off == (seen.kind == "outcome" and event["status"] in {"failed", "interrupted"})
        yield seen
        if seen.kind == "outcome":
            return
