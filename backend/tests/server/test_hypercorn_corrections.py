"""Each correction beside its fault in the untouched class, so that a test fails when upstream mends one."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config, Sockets
from hypercorn.utils import wrap_app

from headwater.server.hypercorn_corrections import WRITE_BUFFER_BYTES, Connections, FrameBudget

PIECE = b"x" * 16_384
HEADERS = ((b":method", b"POST"), (b":path", b"/"), (b":scheme", b"http"), (b":authority", b"a"))
Headers = tuple[tuple[bytes, bytes], ...]
SHORT = 0.3
"""Seconds without an event after which a test concludes that it never comes."""


async def live(receive: Any, send: Any) -> None:
    """The application's side of ASGI's lifespan protocol."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


class Answers:
    """An ASGI application; `sent` counts the bytes that the server took from it."""

    def __init__(
        self, play: Callable[["Answers", Callable[[bytes], Awaitable[None]]], Awaitable[None]]
    ) -> None:
        self.play = play
        self.sent = 0
        self.ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return

        async def body(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})
            self.sent += len(data)

        async def answer() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await self.play(self, body)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def until_the_client_leaves() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        work = [asyncio.ensure_future(answer()), asyncio.ensure_future(until_the_client_leaves())]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
            self.ended.set()


async def twenty_megabytes(_: Answers, body: Callable[[bytes], Awaitable[None]]) -> None:
    for _n in range(1280):
        await body(PIECE)


async def a_little(_: Answers, body: Callable[[bytes], Awaitable[None]]) -> None:
    await body(b"hello")


async def a_little_and_waits(_: Answers, body: Callable[[bytes], Awaitable[None]]) -> None:
    await body(b"hello")
    await asyncio.Event().wait()


async def a_little_then_break(_: Answers, body: Callable[[bytes], Awaitable[None]]) -> None:
    await body(b"hello")
    raise asyncio.CancelledError


@dataclass
class Serving:
    port: int
    connections: Connections
    stop: asyncio.Event


@asynccontextmanager
async def serving(
    app: Any,
    *,
    corrected: bool = True,
    patience: float = 60.0,
    websockets: Collection[bytes] = (),
    most: int = 2**20,
    keep_alive: float = 5.0,
    graceful: float = 1.0,
) -> AsyncIterator[Serving]:
    """A server of an ASGI application; `most` is the size of a message on a WebSocket, in bytes."""
    listening = socket.create_server(("127.0.0.1", 0))
    port: int = listening.getsockname()[1]
    connections = Connections(patience, websockets)
    config = Config()
    config.errorlog = None
    config.graceful_timeout = graceful
    config.keep_alive_timeout = keep_alive
    config.h2_max_concurrent_streams = config.keep_alive_max_requests = 2**16
    config.websocket_ping_interval = 3 * SHORT
    config.websocket_max_message_size = most
    stop = asyncio.Event()
    with connections.corrected() if corrected else contextlib.nullcontext():
        server = asyncio.create_task(
            worker_serve(
                wrap_app(app, 0, "asgi"),
                config,
                sockets=Sockets([], [listening], []),
                shutdown_trigger=stop.wait,
            )
        )
        try:
            yield Serving(port, connections, stop)
        finally:
            stop.set()
            async with asyncio.timeout(10):
                await server


class H2Client:
    """An HTTP/2 client with prior knowledge that reads only when told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        config = h2.config.H2Configuration(client_side=True, validate_outbound_headers=False)
        self._h2 = h2.connection.H2Connection(config)
        self._h2.initiate_connection()

    async def ask(self, *, ends: bool = True, headers: Headers = HEADERS, reset: bool = False) -> int:
        """Send a request. With `reset`, cancel it in the same packet."""
        stream_id = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream_id, headers, end_stream=ends)
        if reset:
            self._h2.reset_stream(stream_id)
        await self._flush()
        return stream_id

    def resets(self, times: int) -> bytes:
        """Requests that are reset at once."""
        for _ in range(times):
            stream_id = self._h2.get_next_available_stream_id()
            self._h2.send_headers(stream_id, HEADERS)
            self._h2.reset_stream(stream_id)
        return self._h2.data_to_send()

    async def send(self, frames: bytes) -> None:
        self._writer.write(frames)
        await self._writer.drain()

    async def prioritize(self, stream_id: int) -> None:
        self._h2.prioritize(stream_id, weight=1)
        await self._flush()

    async def is_served(self) -> bool:
        """Whether the connection is still open."""
        self._h2.ping(b"anybody?")
        await self._flush()
        return await self.until(h2.events.PingAckReceived)

    async def end(self, stream_id: int) -> None:
        self._h2.send_data(stream_id, b"late", end_stream=True)
        await self._flush()

    async def reset(self, stream_id: int) -> None:
        self._h2.reset_stream(stream_id)
        self._h2.increment_flow_control_window(65_535)  # which the request used of the connection's
        await self._flush()

    async def until(self, kind: type[h2.events.Event]) -> bool:
        """Read until such an event without growing the window. Returns False if the server closed."""
        while data := await self._reader.read(65_536):
            found = self._h2.receive_data(data)
            await self._flush()
            if any(isinstance(event, kind) for event in found):
                return True
        return False

    async def _flush(self) -> None:
        self._writer.write(self._h2.data_to_send())
        await self._writer.drain()


@asynccontextmanager
async def h2_client(port: int) -> AsyncIterator[H2Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield H2Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def settled(app: Any) -> int:
    """The number of bytes that the server took, once it has stopped taking more."""
    before: int = -1
    while app.sent > before:
        before = app.sent
        await asyncio.sleep(SHORT / 3)
    return before


@pytest.mark.parametrize("corrected", [True, False])
async def test_a_client_that_takes_nothing_holds_its_writer(corrected: bool) -> None:
    app = Answers(twenty_megabytes)
    async with serving(app, corrected=corrected) as server, h2_client(server.port) as client:
        await client.ask()
        await client.until(h2.events.ResponseReceived)
        taken = await settled(app)
    if corrected:
        assert taken < 2 * WRITE_BUFFER_BYTES + 65_535
    else:
        assert taken == 1280 * len(PIECE)


@pytest.mark.parametrize("corrected", [True, False])
async def test_an_answer_that_breaks_off_resets_its_stream(corrected: bool) -> None:
    async with (
        serving(Answers(a_little_then_break), corrected=corrected) as server,
        h2_client(server.port) as client,
    ):
        await client.ask()
        if corrected:
            async with asyncio.timeout(5):
                assert await client.until(h2.events.StreamReset)
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(SHORT):
                    await client.until(h2.events.StreamReset)


@pytest.mark.parametrize("corrected", [True, False])
async def test_a_request_is_reset_once_no_connections_are_accepted(corrected: bool) -> None:
    async with (
        serving(Answers(a_little_and_waits), corrected=corrected, graceful=30) as server,
        h2_client(server.port) as client,
    ):
        await client.ask()
        await client.until(h2.events.ResponseReceived)
        server.stop.set()
        with contextlib.suppress(ConnectionError):
            while True:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.close()
        await client.ask()
        async with asyncio.timeout(10):
            assert await client.until(h2.events.ResponseReceived if corrected else h2.events.StreamReset)


@pytest.mark.parametrize("corrected", [True, False])
async def test_a_body_that_comes_after_its_answer_leaves_the_connection_alone(corrected: bool) -> None:
    answers = Answers(a_little)
    with contextlib.ExitStack() as expected:
        if not corrected:
            expected.enter_context(_noise_of_the_loop())
        async with serving(answers, corrected=corrected) as server, h2_client(server.port) as client:
            first = await client.ask(ends=False)
            async with asyncio.timeout(5):
                assert await client.until(h2.events.StreamEnded)
                await client.end(first)
                await client.ask()
                assert await client.until(h2.events.StreamEnded) == corrected


@contextlib.contextmanager
def _noise_of_the_loop() -> Any:
    """The untouched server dies of a KeyError in a callback, which the loop reports."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    try:
        yield
    finally:
        loop.set_exception_handler(None)


async def many_streams(client: H2Client) -> None:
    assert await client.is_served()  # and has told the limit on streams
    for _ in range(1001):
        await client.ask(ends=False)
    await client.is_served()  # a ping may still be on its way


async def many_priorities(client: H2Client) -> None:
    for number in range(1001):
        await client.prioritize(2 * number + 1)


async def a_wrong_request_that_is_taken_back(client: H2Client) -> None:
    await client.is_served()
    await client.ask(headers=((b":method", b"CONNECT"), (b":authority", b"a")), reset=True)


async def a_method_of_other_letters(client: H2Client) -> None:
    await client.ask(headers=((b":method", "GRÜSS".encode()), *HEADERS[1:]))


async def a_path_of_other_letters(client: H2Client) -> None:
    await client.ask(headers=(HEADERS[0], (b":path", "/grüße".encode()), *HEADERS[2:]))


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize(
    "say",
    [
        many_streams,
        many_priorities,
        a_wrong_request_that_is_taken_back,
        a_method_of_other_letters,
        a_path_of_other_letters,
    ],
)
async def test_what_one_client_may_say_takes_the_connection_down(
    say: Callable[[H2Client], Awaitable[None]], corrected: bool
) -> None:
    app = Answers(a_little_and_waits)
    async with serving(app, corrected=corrected) as server, h2_client(server.port) as client:
        with contextlib.suppress(ConnectionError):
            await say(client)
        assert await client.is_served() == corrected


async def test_a_whole_answer_ends_its_stream() -> None:
    async with serving(Answers(a_little)) as server, h2_client(server.port) as client:
        await client.ask()
        async with asyncio.timeout(5):
            assert await client.until(h2.events.StreamEnded)


async def test_a_client_that_resets_frees_everything_and_the_connection_goes_on() -> None:
    app = Answers(twenty_megabytes)
    async with serving(app) as server, h2_client(server.port) as client:
        for _ in range(3):
            app.ended.clear()
            stream_id = await client.ask()
            await client.until(h2.events.ResponseReceived)
            await client.reset(stream_id)
            async with asyncio.timeout(5):
                await app.ended.wait()
        app.play = a_little
        await client.ask()
        async with asyncio.timeout(5):
            assert await client.until(h2.events.StreamEnded)


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
async def test_a_client_that_takes_nothing_is_cut_in_the_end(version: str) -> None:
    app = Answers(twenty_megabytes)
    async with serving(app, patience=0.2) as server:
        if version == "HTTP/2":
            async with h2_client(server.port) as client:
                await client.ask()
                async with asyncio.timeout(5):
                    await app.ended.wait()
        else:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            async with asyncio.timeout(5):
                await app.ended.wait()
            writer.close()


async def test_a_client_that_is_slow_is_not_cut() -> None:
    """It reads a little within every period of patience, though never all that waits for it."""
    app = Answers(twenty_megabytes)
    async with serving(app, patience=0.3) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        taken = 0
        async with asyncio.timeout(20):
            while taken < 1280 * len(PIECE):
                taken += len(await reader.read(1_000_000))
        assert app.sent == 1280 * len(PIECE)
        writer.close()


async def test_a_client_that_leaves_frees_its_connection_at_once() -> None:
    async with serving(Answers(a_little)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"0\r\n\r\n")
        assert len(server.connections) == 1
        writer.close()
        async with asyncio.timeout(20):
            while len(server.connections):  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_handshake_for_a_websocket_breaks_its_connection(corrected: bool) -> None:
    handshake = (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with serving(Answers(a_little), corrected=corrected) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        answers = []
        async with asyncio.timeout(10):
            for _ in range(2):
                writer.write(handshake)
                answers.append(await reader.readline())
                while corrected and await reader.readline() != b"0\r\n":
                    pass
                await reader.readline()
        writer.close()
    assert (answers == [b"HTTP/1.1 200 \r\n"] * 2) == corrected


async def test_aborting_drops_what_is_still_open() -> None:
    app = Answers(twenty_megabytes)
    async with serving(app) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await settled(app)
        server.connections.abort()
        async with asyncio.timeout(2):
            await app.ended.wait()
        writer.close()


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_body_with_two_lengths_is_served(corrected: bool) -> None:
    smuggled = (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    async with serving(Answers(a_little), corrected=corrected) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(smuggled)
        async with asyncio.timeout(5):
            if corrected:
                answer = await reader.read()
                assert answer.startswith(b"HTTP/1.1 400 ")
                assert answer.count(b"HTTP/1.1") == 1
            else:
                for _ in range(2):
                    assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def nothing(_: H2Client) -> None: ...


async def a_request_that_it_resets(client: H2Client) -> None:
    await client.ask(reset=True)


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("say", [nothing, a_request_that_it_resets])
async def test_a_connection_without_a_request_stays_open(
    say: Callable[[H2Client], Awaitable[None]], corrected: bool
) -> None:
    app = Answers(a_little_and_waits)
    async with (
        serving(app, corrected=corrected, keep_alive=SHORT) as server,
        h2_client(server.port) as client,
    ):
        assert await client.is_served()
        await say(client)
        with contextlib.nullcontext() if corrected else pytest.raises(TimeoutError):
            async with asyncio.timeout(5 if corrected else 4 * SHORT):
                assert not await client.until(h2.events.ResponseReceived)


EMPTY_FRAMES = {
    "ping": b"\0\0\x08\x06\0\0\0\0\0anybody?",
    "data": b"\0\0\0\0\0\0\0\0\x01",
    "priority": b"\0\0\x05\x02\0\0\0\0\x03\0\0\0\0\x07",
    "settings": b"\0\0\0\x04\0\0\0\0\0",
}


@pytest.mark.parametrize("kind", [*EMPTY_FRAMES, "reset"])
async def test_frames_that_ask_for_nothing_have_a_bound(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another connection meanwhile gets its bytes without a gap, and the sender is told why it ends.

    A gap is how many bytes of frames the server handles between two bytes of an answer that always has more.
    """
    gaps = [0]

    async def ticks(_: Answers, body: Callable[[bytes], Awaitable[None]]) -> None:
        while True:
            await body(b"x")
            gaps.append(0)
            await asyncio.sleep(0)

    async def watch(client: H2Client) -> None:
        while await client.until(h2.events.DataReceived):
            pass

    def receive(connection: h2.connection.H2Connection, data: bytes) -> list[h2.events.Event]:
        if not connection.config.client_side:
            gaps[-1] += len(data)
        return receive_data(connection, data)

    receive_data = h2.connection.H2Connection.receive_data
    async with (
        serving(Answers(ticks), keep_alive=30) as server,
        h2_client(server.port) as other,
        h2_client(server.port) as client,
    ):
        await client.ask(ends=False)
        frames = client.resets(2000) if kind == "reset" else EMPTY_FRAMES[kind] * 20_000
        await other.ask()
        await other.until(h2.events.ResponseReceived)
        monkeypatch.setattr(h2.connection.H2Connection, "receive_data", receive)
        watching = asyncio.ensure_future(watch(other))
        saying = asyncio.ensure_future(client.send(frames))
        async with asyncio.timeout(20):
            assert await client.until(h2.events.ConnectionTerminated)
        watching.cancel()
        await asyncio.wait([watching, saying])
    assert max(gaps) <= 2048 < sum(gaps)


async def test_resets_have_a_bound_however_slowly_they_are_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        now = itertools.count(0, 1 / 25)  # seconds; each costs the server that much
        patched.setattr(asyncio.get_running_loop(), "time", lambda: next(now))
        budget = FrameBudget()
        allowed = sum(budget.allows(h2.events.StreamReset(stream_id=1)) for _ in range(2000))
    assert 400 < allowed < 1500
