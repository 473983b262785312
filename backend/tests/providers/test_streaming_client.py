"""Bodies are taken piece by piece, over every kind of connection, and connections are used again."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from headwater.data_folder import DataFolder
from headwater.providers import streaming_client
from headwater.providers.streaming_client import StreamingClient, read
from tests.providers.model_server import chunk

Run = Callable[[Coroutine[Any, Any, None]], None]
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
REQUEST = b"the request"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a test in each kind of event loop."""
    with asyncio.Runner(loop_factory=request.param) as runner:

        async def limited(test: Coroutine[Any, Any, None]) -> None:
            async with asyncio.timeout(20):
                await test

        yield lambda test: runner.run(limited(test))


@dataclass
class Network:
    """Servers on this machine, with TLS or without."""

    tls: ssl.SSLContext | None

    @asynccontextmanager
    async def client(self, *answers: Answer) -> AsyncIterator[StreamingClient]:
        """A client of a server that answers each connection in its own way."""
        left = list(answers)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await left.pop(0)(reader, writer)
            except ConnectionError:
                pass  # the client left
            finally:
                writer.close()

        async with await asyncio.start_server(connected, "127.0.0.1", 0, ssl=self.tls) as server:
            port = server.sockets[0].getsockname()[1]
            scheme = "http" if self.tls is None else "https"
            client = StreamingClient(f"{scheme}://127.0.0.1:{port}/", {}, 5)
            yield client
            await client.aclose()
        assert left == []


@pytest.fixture(params=["plain", "TLS"])
def network(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    if request.param == "plain":
        return Network(None)
    files = DataFolder(tmp_path).certificate("127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(files.cert))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(files.cert, files.key)
    return Network(tls)


async def request_on(reader: asyncio.StreamReader) -> None:
    """Wait for one request and read it."""
    await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(len(REQUEST)) == REQUEST


def answering(*pieces: bytes) -> Answer:
    """Answers one request with these pieces, each on its own, and closes the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_on(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)

    return answer


async def body_of(client: StreamingClient) -> bytes:
    body = bytearray()

    def take(piece: bytes) -> bool:
        body.extend(piece)
        return False

    await read(await client.post(REQUEST), take)
    return bytes(body)


def compressed(*texts: bytes) -> Iterator[bytes]:
    """The texts in a stream of gzip, flushed after each."""
    gzipping = zlib.compressobj(wbits=31)
    for text in texts:
        yield gzipping.compress(text) + gzipping.flush(zlib.Z_SYNC_FLUSH)
    yield gzipping.flush()


WORDS = (b"one ", b"two ", b"three")
BODIES = {
    "chunks": [CHUNKED, *map(chunk, WORDS), chunk(b"")],
    "chunks cut anywhere": [
        bytes([byte]) for byte in CHUNKED + b"".join(map(chunk, WORDS)) + chunk(b"")
    ],
    "all at once": [CHUNKED + b"".join(map(chunk, WORDS)) + chunk(b"")],
    "other heads first": [
        b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + CHUNKED,
        *map(chunk, WORDS),
        chunk(b""),
    ],
    "line feeds alone": [
        CHUNKED.replace(b"\r", b""), *map(chunk, (b"one ", b"two ", b"three")), chunk(b""),
    ],
    "line feeds alone, at once": [
        CHUNKED.replace(b"\r", b"") + b"".join(map(chunk, WORDS)) + chunk(b""),
    ],
    "empty lines first": [b"\r\n\r\n" + CHUNKED, *map(chunk, WORDS), chunk(b"")],
    "extensions and trailers": [
        CHUNKED, *(b"%x;a=1\r\n%b\r\n" % (len(word), word) for word in WORDS),
        b"0\r\nA: b\r\n", b"\r\n",
    ],
    "a length": [HEAD + b"Content-Length: 13\r\n\r\n" + WORDS[0], *WORDS[1:]],
    "up to the end": [HEAD + b"Connection: close\r\n\r\n", *WORDS],
    "compressed": [
        HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        *map(chunk, compressed(*WORDS)),
        chunk(b""),
    ],
    "compressed up to the end": [
        HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n",
        *compressed(*WORDS),
    ],
}  # fmt: skip


@pytest.mark.parametrize("pieces", BODIES.values(), ids=BODIES)
def test_a_body_is_whole_however_it_is_sent(run: Run, network: Network, pieces: list[bytes]) -> None:
    async def test() -> None:
        async with network.client(answering(*pieces)) as client:
            assert await body_of(client) == b"".join(WORDS)

    run(test())


def test_an_empty_body(run: Run, network: Network) -> None:
    async def test() -> None:
        async with network.client(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as client:
            assert await body_of(client) == b""

    run(test())


@pytest.mark.parametrize("encoding", [b"", b"Content-Encoding: gzip\r\n"])
def test_much_at_once_does_not_stall(run: Run, network: Network, encoding: bytes) -> None:
    """Far more than aiohttp buffers before it pauses its connection; once much of it in small chunks."""

    async def test() -> None:
        whole = bytes(10_000_000)
        sent = gzip.compress(whole) if encoding else whole
        chunks = b"".join(chunk(sent[at : at + 100]) for at in range(0, len(sent), 100))
        head = HEAD + encoding + b"Transfer-Encoding: chunked\r\n\r\n"
        async with network.client(answering(head + chunks + chunk(b""))) as client:
            assert await body_of(client) == whole

    run(test())


def test_each_piece_is_taken_before_the_next_is_sent(run: Run, network: Network) -> None:
    async def test() -> None:
        taken: asyncio.Queue[bytes] = asyncio.Queue()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_on(reader)
            writer.write(CHUNKED)
            for word in (*WORDS, *compressed(*WORDS)):
                writer.write(chunk(word))
                assert await taken.get() == word
            writer.write(chunk(b""))

        def take(piece: bytes) -> bool:
            taken.put_nowait(piece)
            return False

        async with network.client(answer) as client:
            await read(await client.post(REQUEST), take)

    run(test())


BROKEN = {
    "chunks without an end": [CHUNKED, chunk(b"one")],
    "a chunk without an end": [CHUNKED, b"9\r\none"],
    "a short length": [HEAD + b"Content-Length: 9\r\n\r\n", b"one"],
    "no chunk": [CHUNKED, chunk(b"one"), b"garbage\r\n"],
    "no gzip": [HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\n", b"123456789"],
}


@pytest.mark.parametrize("pieces", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("is_at_once", [False, True])
def test_a_body_that_breaks_off_is_an_error(
    run: Run, network: Network, pieces: list[bytes], is_at_once: bool
) -> None:
    async def test() -> None:
        async with network.client(answering(*([b"".join(pieces)] if is_at_once else pieces))) as client:
            with pytest.raises(aiohttp.ClientError):
                await body_of(client)

    run(test())


def test_a_connection_that_is_reset_is_an_error(run: Run, network: Network) -> None:
    async def test() -> None:
        taken = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_on(reader)
            writer.write(CHUNKED + chunk(b"one"))
            await taken.wait()
            writer.transport.abort()

        def take(piece: bytes) -> bool:
            taken.set()
            return False

        async with network.client(answer) as client:
            with pytest.raises(aiohttp.ClientError):
                await read(await client.post(REQUEST), take)

    run(test())


@pytest.mark.parametrize("end", [b"", b"garbage\r\n", b"9\r\nand"])
def test_what_came_before_the_end_of_a_broken_body_is_taken(run: Run, network: Network, end: bytes) -> None:
    async def test() -> None:
        taken = b""

        def take(piece: bytes) -> bool:
            nonlocal taken
            taken += piece
            return False

        async with network.client(answering(CHUNKED + chunk(b"one") + end)) as client:
            with pytest.raises(aiohttp.ClientError):
                await read(await client.post(REQUEST), take)
        assert taken == b"one" + end[3:] * end.startswith(b"9")

    run(test())


def test_what_take_raises_is_raised_and_the_connection_is_closed(run: Run, network: Network) -> None:
    async def test() -> None:
        left = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_on(reader)
            writer.write(CHUNKED + chunk(b"one"))
            assert await reader.read() == b""
            left.set()

        def take(piece: bytes) -> bool:
            raise ValueError("not this one")

        async with network.client(answer) as client:
            with pytest.raises(ValueError, match="not this one"):
                await read(await client.post(REQUEST), take)
            await left.wait()

    run(test())


def test_leaving_closes_the_connection(run: Run, network: Network) -> None:
    async def test() -> None:
        arrived, left = asyncio.Event(), asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_on(reader)
            writer.write(CHUNKED + chunk(b"one"))
            assert await reader.read() == b""
            left.set()

        def take(piece: bytes) -> bool:
            arrived.set()
            return False

        async with network.client(answer) as client:
            reading = asyncio.create_task(read(await client.post(REQUEST), take))
            await arrived.wait()
            reading.cancel()
            await left.wait()
            with pytest.raises(asyncio.CancelledError):
                await reading

    run(test())


def keeping_alive(times: int, *pieces: bytes) -> Answer:
    """Answers so many requests on one connection, each with these pieces."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            await request_on(reader)
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.01)
        await reader.read()

    return answer


@pytest.mark.parametrize(
    "form",
    [
        "chunks",
        "all at once",
        "other heads first",
        "extensions and trailers",
        "a length",
    ],
)
def test_a_connection_is_used_again(run: Run, network: Network, form: str) -> None:
    async def test() -> None:
        async with network.client(keeping_alive(3, *BODIES[form])) as client:
            for _ in range(3):
                assert await body_of(client) == b"".join(WORDS)

    run(test())


def test_who_waits_for_a_connection_gets_it_whole(run: Run, network: Network) -> None:
    """The next request may be sent before the reader of the response before it has woken up."""

    async def test() -> None:
        pieces = BODIES["chunks"]
        async with network.client(*(5 * [keeping_alive(20, *pieces)])) as client:
            bodies = await asyncio.gather(*(body_of(client) for _ in range(100)))
            assert bodies == 100 * [b"".join(WORDS)]

    run(test())


@pytest.mark.parametrize("cuts", [(0,), (3,), (5,), (7,), (8,), (9,), (5, 9), (4, 6, 8)])
def test_a_connection_is_used_again_if_the_response_ends_soon(
    run: Run, network: Network, cuts: tuple[int, ...]
) -> None:
    body = chunk(b"one") + chunk(b"")
    pieces = [body[start:end] for start, end in zip((0, *cuts), (*cuts, None), strict=True)]

    async def test() -> None:
        async with network.client(keeping_alive(2, CHUNKED, *pieces)) as client:
            first = await client.post(REQUEST)
            await read(first, lambda _: True)
            ended = asyncio.Event()
            first.content.on_eof(ended.set)
            await ended.wait()
            assert await body_of(client) == b"one"

    run(test())


def test_a_response_that_does_not_end_soon_is_closed(
    run: Run, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming_client, "END_GRACE", 0.02)

    async def test() -> None:
        left = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_on(reader)
            writer.write(CHUNKED + chunk(b"one"))
            assert await reader.read() == b""
            left.set()

        async with network.client(answer) as client:
            await read(await client.post(REQUEST), lambda _: True)
            await left.wait()

    run(test())


def test_a_request_that_meets_the_end_of_an_idle_connection_is_sent_again(run: Run, network: Network) -> None:
    async def test() -> None:
        async def once_and_not_again(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await answering(*BODIES["all at once"])(reader, writer)
            await request_on(reader)

        async with network.client(once_and_not_again, answering(*BODIES["a length"])) as client:
            for _ in range(2):
                assert await body_of(client) == b"".join(WORDS)

    run(test())


def test_a_request_that_a_server_may_have_taken_is_not_sent_again(
    run: Run, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming_client, "CROSSING_TIME", -1)  # the clock may stand still

    async def test() -> None:
        async def once_and_not_again(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await answering(*BODIES["all at once"])(reader, writer)
            await request_on(reader)

        async with network.client(once_and_not_again, answering(*BODIES["a length"])) as client:
            assert await body_of(client) == b"".join(WORDS)
            with pytest.raises(aiohttp.ClientConnectionError):
                await client.post(REQUEST)
            assert await body_of(client) == b"".join(WORDS)  # of the next request

    run(test())


def test_an_idle_connection_that_was_closed_is_not_used(run: Run, network: Network) -> None:
    async def test() -> None:
        async with network.client(*[answering(*BODIES["all at once"])] * 3) as client:
            for _ in range(3):
                assert await body_of(client) == b"".join(WORDS)

    run(test())


def test_a_new_connection_that_is_closed_without_an_answer_is_an_error(run: Run, network: Network) -> None:
    async def test() -> None:
        async with network.client(answering()) as client:
            with pytest.raises(aiohttp.ClientConnectionError):
                await client.post(REQUEST)

    run(test())


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_proxies_are_those_of_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async def test() -> None:
        heads: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(HEAD + b"Content-Length: 3\r\n\r\none")
            await reader.read()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            monkeypatch.setenv(name, f"http://me:secret@127.0.0.1:{port}")
            monkeypatch.setenv("no_proxy", "")
            client = StreamingClient("http://model.example/v1", {}, 5)
            assert await body_of(client) == b"one"
            await client.aclose()
        assert heads[0].startswith(b"POST http://model.example/v1 HTTP/1.1\r\n")
        assert b"\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n" in heads[0]
        monkeypatch.setenv("no_proxy", "example")
        client = StreamingClient("http://model.example/v1", {}, 5)
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.post(REQUEST)
        await client.aclose()

    run(test())


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy for a connection with TLS."""
    head = await reader.readuntil(b"\r\n\r\n")
    host, _, port = head.split()[1].decode().partition(":")
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    writer.write(HEAD + b"\r\n")

    async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(1000):
            target.write(data)
        target.close()

    await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))


@pytest.mark.parametrize("network", ["TLS"], indirect=True)
def test_tls_goes_through_a_proxy(run: Run, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        tunnels = []

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tunnels.append(writer)
            await tunnel(reader, writer)

        async with await asyncio.start_server(connected, "127.0.0.1", 0) as proxy:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
            monkeypatch.setenv("no_proxy", "")
            async with network.client(keeping_alive(2, *BODIES["compressed"])) as client:
                for _ in range(2):
                    assert await body_of(client) == b"".join(WORDS)
        assert len(tunnels) == 1

    run(test())


def test_a_few_bytes_that_become_very_many_leave_others_their_turn(run: Run, network: Network) -> None:
    size, turns = 50 * streaming_client.PULL_BYTES, 0
    packed = gzip.compress(b":\n" * (size // 2))
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    async def test() -> None:
        nonlocal turns

        async def count_turns() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        async with network.client(answering(head + packed)) as client:
            response = await client.post(REQUEST)
            counting = asyncio.create_task(count_turns())
            received = 0

            def take(piece: bytes) -> bool:
                nonlocal received
                received += len(piece)
                return False

            await read(response, take)
            counting.cancel()
            assert received == size

    run(test())
    assert turns >= 20
