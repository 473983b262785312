"""A WebSocket connection takes in no more frames than its handler reads, and ends as one of the two ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from quart import Quart, websocket

from headwater.api.websocket_connection import BoundedWebsocketConnection

SCOPE: dict[str, Any] = {
    "type": "websocket",
    "asgi": {"spec_version": "2.3", "version": "3.0"},
    "http_version": "1.1",
    "scheme": "ws",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"localhost")],
    "client": None,
    "server": None,
    "subprotocols": [],
    "state": {},
    "extensions": {},
}

Handler = Callable[[], Awaitable[None]]


class Peer:
    """A client that sends so many frames one after another and then leaves."""

    def __init__(self, frames: int) -> None:
        self.taken = 0
        self._frames = frames
        self._arriving = self._arrive()

    async def _arrive(self) -> AsyncIterator[dict[str, Any]]:
        yield {"type": "websocket.connect"}
        while self.taken < self._frames:
            self.taken += 1
            yield {"type": "websocket.receive", "bytes": None, "text": str(self.taken)}
        yield {"type": "websocket.disconnect", "code": 1000}

    async def receive(self) -> Any:
        return await anext(self._arriving)

    async def send(self, message: Any) -> None:
        """Take what the server sends."""


async def serve(peer: Peer, handler: Handler) -> None:
    app = Quart(__name__)
    app.websocket("/")(handler)
    await BoundedWebsocketConnection(app, SCOPE)(peer.receive, peer.send)  # type: ignore[arg-type]


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_frames_are_taken_as_they_are_read() -> None:
    peer = Peer(1000)
    has_read, read_on = asyncio.Event(), asyncio.Event()
    read: list[str | bytes] = []

    async def handler() -> None:
        read.append(await websocket.receive())
        has_read.set()
        await read_on.wait()
        while True:
            read.append(await websocket.receive())

    serving = asyncio.create_task(serve(peer, handler))
    await has_read.wait()
    await settle()
    assert len(read) == 1
    assert peer.taken <= 3
    read_on.set()
    async with asyncio.timeout(10):
        await asyncio.wait([serving])
    assert read[:998] == [str(number) for number in range(1, 999)]


async def test_a_handler_is_cancelled_when_its_client_leaves() -> None:
    ended: list[type[BaseException]] = []

    async def read() -> None:
        try:
            while True:
                await websocket.receive()
        except BaseException as error:
            ended.append(type(error))
            raise

    async def handler() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(read())

    async with asyncio.timeout(10):
        await asyncio.wait([asyncio.create_task(serve(Peer(3), handler))])
    assert ended == [asyncio.CancelledError]


@pytest.mark.parametrize("frames", [1, 1000])
async def test_frames_that_nobody_reads_hold_up_no_end(frames: int) -> None:
    async def handler() -> None:
        await websocket.receive()
        await websocket.close(1001)

    peer = Peer(frames)
    async with asyncio.timeout(10):
        await serve(peer, handler)
