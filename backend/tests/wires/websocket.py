"""WebSockets, over HTTP/1.1 and over HTTP/2."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import msgspec
import websockets

from tests.running import RunningServer
from tests.wires.h2_socket import open_h2_socket
from tests.wires.wire import Reading, RefusedError, from_object

PATH = "/api/ws"

PATIENCE = 60
"""Seconds that a client waits for a server that is busy with many."""


class Frames(Protocol):
    """A socket whose frames are text."""

    async def send(self, frame: str) -> None: ...
    async def recv(self) -> str: ...


class WebSocketWire:
    """One socket for each reply."""

    def __init__(self, server: RunningServer, headers: dict[str, str]) -> None:
        self._server = server
        self._headers = headers

    def open(self) -> AbstractAsyncContextManager[Any]:
        url = f"ws://127.0.0.1:{self._server.port}{PATH}"
        return websockets.connect(url, additional_headers=self._headers, open_timeout=PATIENCE)

    @asynccontextmanager
    async def start(self, body: dict[str, Any], key: str | None = None) -> AsyncIterator[Reading]:
        keyed = {} if key is None else {"idempotency_key": key}
        async with self.open() as socket:
            yield await answers(socket, {"action": "chat", **body, **keyed})

    @asynccontextmanager
    async def follow(self, generation: str, after: int) -> AsyncIterator[Reading]:
        async with self.open() as socket:
            yield await answers(socket, {"action": "follow", "generation": generation, "after": after})

    async def cancel(self, generation: str) -> None:
        async with self.open() as socket:
            await socket.send(encode({"action": "cancel", "generation": generation}))
            assert taken(await socket.recv())["event"] == "generation"


class H2WebSocketWire(WebSocketWire):
    def open(self) -> AbstractAsyncContextManager[Any]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return open_h2_socket(self._server.tls_port, PATH, self._headers, context)


async def answers(socket: Frames, action: dict[str, Any]) -> Reading:
    """Send an action; the reading of what it brings. Raises `RefusedError` for a problem."""
    await socket.send(encode(action))
    return _read(socket, taken(await socket.recv()))


def encode(action: dict[str, Any]) -> str:
    return msgspec.json.encode(action).decode()


def taken(frame: str) -> dict[str, Any]:
    """A frame as an object; raises what it refuses."""
    found: dict[str, Any] = msgspec.json.decode(frame)
    if found["event"] == "problem":
        raise RefusedError(found["code"], found.get("retry_after"))
    return found


async def _read(socket: Frames, first: dict[str, Any]) -> Reading:
    yield from_object(first)
    while True:
        seen = from_object(taken(await socket.recv()))
        yield seen
        if seen.kind == "outcome":
            return
