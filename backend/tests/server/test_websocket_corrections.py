"""Each correction of WebSockets beside its fault in the untouched class."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import h2.connection
import h2.events
import hypercorn.protocol.h2
import hypercorn.protocol.h11
import pytest
from hypercorn.protocol import ws_stream
from hypercorn.protocol.ws_stream import WebsocketBuffer, WSStream
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Message, Ping, TextMessage

from tests.server.test_hypercorn_corrections import SHORT, Serving, live, serving, settled
from tests.wires.h2_socket import open_h2_socket

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
MOST = 10_000


class SocketApp:
    """Accepts or refuses each WebSocket, then plays; `left` is set once it learns that its client left."""

    def __init__(
        self, play: Callable[[Any], Awaitable[None]] | None = None, *, refuses: bool = False
    ) -> None:
        self._play = play
        self._refuses = refuses
        self.sent = 0
        self.left = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        if self._refuses:
            await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b"no"})
            return
        await send({"type": "websocket.accept"})
        playing = asyncio.ensure_future(self._play(send)) if self._play is not None else None
        while (await receive())["type"] != "websocket.disconnect":
            pass
        self.left.set()
        if playing is not None:
            playing.cancel()
            await asyncio.wait([playing])


@asynccontextmanager
async def serving_sockets(
    app: SocketApp, monkeypatch: pytest.MonkeyPatch, *, corrected: bool
) -> AsyncIterator[Serving]:
    """Correct everything else; correct the WebSockets only where a test asks for it."""
    async with serving(app, websockets={b"/"}, most=MOST, patience=2, keep_alive=2 * SHORT) as server:
        if not corrected:
            monkeypatch.setattr(hypercorn.protocol.h11, "WSStream", WSStream)
            monkeypatch.setattr(hypercorn.protocol.h2, "WSStream", WSStream)
        yield server


class H1Socket:
    """A WebSocket over HTTP/1.1 that can send any frame."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        self.reader, self.writer, self.head = reader, writer, head
        self.protocol = Connection(ConnectionType.CLIENT)

    async def closed_with(self) -> int | None:
        """The code in the server's close frame; None if the connection ends without one."""
        while data := await self.reader.read(65_536):
            self.protocol.receive_data(data)
            for event in self.protocol.events():
                if isinstance(event, CloseConnection):
                    return event.code
        return None


@asynccontextmanager
async def open_socket(port: int) -> AsyncIterator[H1Socket]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    try:
        async with asyncio.timeout(20):
            yield H1Socket(reader, writer, await reader.readuntil(b"\r\n\r\n"))
    finally:
        writer.close()


@pytest.mark.parametrize("corrected", [False, True])
async def test_what_follows_a_message_that_is_too_large(
    corrected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = [0]

    class Noting(WebsocketBuffer):
        def extend(self, event: Message[Any]) -> None:
            try:
                super().extend(event)
            finally:
                lengths.append(self.length)

    monkeypatch.setattr(ws_stream, "WebsocketBuffer", Noting)
    part = TextMessage("x" * MOST, message_finished=False)
    app = SocketApp()
    async with (
        serving_sockets(app, monkeypatch, corrected=corrected) as server,
        open_socket(server.port) as s,
    ):
        beginning, more = s.protocol.send(part), s.protocol.send(part)
        s.writer.write(beginning + more)
        assert await s.closed_with() == 1009
        for _ in range(10):
            s.writer.write(more)
            await asyncio.sleep(0.01)
        if not corrected:
            s.writer.write(s.protocol.send(CloseConnection(1000)))
        await app.left.wait()
    assert (max(lengths) <= 2 * MOST) == corrected


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_frame_that_breaks_the_protocol(corrected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    app = SocketApp()
    async with (
        serving_sockets(app, monkeypatch, corrected=corrected) as server,
        open_socket(server.port) as s,
    ):
        s.writer.write(b"\x83\x80mask")
        assert await s.closed_with() == (1002 if corrected else None)
        await app.left.wait()


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_ping_of_a_client_that_is_slow(corrected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(send: Any) -> None:
        while True:
            await send({"type": "websocket.send", "text": "x" * 20_000})
            app.sent += 1
            await asyncio.sleep(0)

    app = SocketApp(talk)
    async with (
        serving_sockets(app, monkeypatch, corrected=corrected) as server,
        open_h2_socket(server.port, "/", {}) as socket,
    ):
        await socket.recv()
        socket.reads.clear()
        await settled(app)
        for _ in range(3):
            await socket.send_event(Ping(b"?"))
        await asyncio.sleep(SHORT)
        socket.reads.set()
        taken = 0
        try:
            async with asyncio.timeout(10 if corrected else 2):
                while taken < 100:
                    await socket.frames.get()
                    taken += 1
        except TimeoutError:
            assert not corrected
        else:
            assert corrected


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_client_that_ends_its_stream_without_a_word(
    corrected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = SocketApp()
    async with (
        serving_sockets(app, monkeypatch, corrected=corrected) as server,
        open_h2_socket(server.port, "/", {}) as socket,
    ):
        await socket.send_bytes(b"", end=True)
        try:
            async with asyncio.timeout(10 if corrected else SHORT):
                await app.left.wait()
        except TimeoutError:
            assert not corrected
        assert app.left.is_set() == corrected


@pytest.mark.parametrize("corrected", [False, True])
async def test_compression_that_is_offered(corrected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        serving_sockets(SocketApp(), monkeypatch, corrected=corrected) as server,
        open_socket(server.port) as socket,
    ):
        assert socket.head.startswith(b"HTTP/1.1 101")
        assert (b"permessage-deflate" not in socket.head) == corrected


async def test_a_handshake_that_is_refused_closes_its_connection() -> None:
    async with (
        serving(SocketApp(refuses=True), websockets={b"/"}) as server,
        open_socket(server.port) as socket,
    ):
        assert socket.head.startswith(b"HTTP/1.1 403")
        assert b"connection: close" in socket.head.lower()
        assert (await socket.reader.read()).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_connect_that_wants_no_websocket(corrected: bool) -> None:
    async with serving(SocketApp(), corrected=corrected) as server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        connection = h2.connection.H2Connection()
        connection.initiate_connection()
        connection.send_headers(1, [(":method", "CONNECT"), (":authority", "elsewhere")])
        statuses: list[str] = []
        try:
            while not statuses:
                writer.write(connection.data_to_send())
                data = await reader.read(65_536)
                if not data:
                    break
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.ResponseReceived):
                        statuses.append(dict(event.headers or [])[b":status"].decode())
        finally:
            writer.close()
    assert statuses == (["501"] if corrected else [])


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_socket_that_has_ended_waits_for_no_ping(
    corrected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = SocketApp()
    async with serving_sockets(app, monkeypatch, corrected=corrected) as server:
        async with open_socket(server.port) as socket:
            socket.writer.write(socket.protocol.send(CloseConnection(1000)))
            assert await socket.closed_with() == 1000
        await app.left.wait()
        await asyncio.sleep(SHORT / 3)
        assert (len(server.connections) == 0) == corrected


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_client_that_answers_no_ping(corrected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    app = SocketApp()
    async with (
        serving_sockets(app, monkeypatch, corrected=corrected) as server,
        open_socket(server.port) as s,
    ):
        if corrected:
            assert await s.closed_with() == 1001
            await app.left.wait()
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(12 * SHORT):
                    await s.closed_with()


async def test_a_client_that_answers_pings_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    app = SocketApp()
    async with serving_sockets(app, monkeypatch, corrected=True) as server, open_socket(server.port) as s:
        pings = 0
        while pings < 5:
            s.protocol.receive_data(await s.reader.read(65_536))
            for event in s.protocol.events():
                assert isinstance(event, Ping)
                s.writer.write(s.protocol.send(event.response()))
                pings += 1
