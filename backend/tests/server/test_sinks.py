"""What is written past Hypercorn arrives as if it had gone through it."""

import asyncio
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Ping, TextMessage
from wsproto.events import Request as Handshake

from headwater.api.sinks import RESPONSE, SOCKET
from tests.server.test_hypercorn_corrections import HEADERS, live, serving

PIECES = [bytes([65 + n % 26]) * (n * 7 % 300 + 1) for n in range(60)]
WHOLE = b"".join(PIECES)


async def pieces(scope: Any, receive: Any, send: Any) -> None:
    """An application that writes each piece to its sink as soon as nothing waits there."""
    if scope["type"] == "lifespan":
        await live(receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        SOCKET.get().write([piece.decode() for piece in PIECES])
        SOCKET.get().flush()
        await receive()
    elif scope["path"] == "/short":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"short"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begin", "more_body": True})
        for piece in PIECES:
            while RESPONSE.get().backlog():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)
            RESPONSE.get().write(piece)
            RESPONSE.get().flush()
        await send({"type": "http.response.body", "body": b"end"})


async def body_over_http2(app: Any, window: int = 65_535) -> bytes:
    """The body of a response to a client with this flow-control window."""
    http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    http.initiate_connection()
    http.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
    http.send_headers(1, [*HEADERS[1:], (b":method", b"GET")], end_stream=True)
    body, ended = bytearray(), False
    async with serving(app) as server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while not ended:
            writer.write(http.data_to_send())
            for event in http.receive_data(await reader.read(65_536)):
                if isinstance(event, h2.events.DataReceived):
                    body += event.data
                    http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                ended |= isinstance(event, h2.events.StreamEnded)
        writer.close()
        await writer.wait_closed()
    return bytes(body)


@pytest.mark.parametrize("window", [10, 64, 65_535])
async def test_over_http2_flow_control_holds_and_order_stays(window: int) -> None:
    assert await body_over_http2(pieces, window) == b"begin" + WHOLE + b"end"


async def test_over_http2_nothing_overtakes_what_waits_for_the_connection() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        sink: Any = RESPONSE.get()
        connection = sink._protocol.send.__self__
        async with connection.send_lock:  # as while another stream waits for the client
            older = asyncio.create_task(
                send({"type": "http.response.body", "body": b"older ", "more_body": True})
            )
            while not older.done() or sink.backlog():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)
            sink.write(b"newer ")
            sink.flush()
        await send({"type": "http.response.body", "body": b"newest"})

    assert await body_over_http2(app) == b"older newer newest"


async def test_http_1_0_has_no_chunks() -> None:
    async with serving(pieces) as server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        _, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    assert body == b"begin" + WHOLE + b"end"


async def test_a_websocket_on_a_connection_that_was_used_has_no_chunks() -> None:
    client = WSConnection(ConnectionType.CLIENT)
    async with serving(pieces, websockets={b"/"}) as server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /short HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"short\r\n0\r\n\r\n")
        writer.write(client.send(Handshake(host="a", target="/")))
        texts: list[str] = []
        while len(texts) < len(PIECES):
            client.receive_data(await reader.read(65_536))
            for event in client.events():
                assert isinstance(event, AcceptConnection | Ping | TextMessage)
                if isinstance(event, TextMessage):
                    texts.append(event.data)
        writer.close()
        await writer.wait_closed()
    assert "".join(texts).encode() == WHOLE


@pytest.mark.parametrize("is_http2", [False, True])
async def test_what_is_written_to_a_client_that_has_left_is_lost_and_harms_nobody(is_http2: bool) -> None:
    ended = asyncio.get_running_loop().create_future()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begin", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        try:
            for _ in range(100):
                RESPONSE.get().backlog()
                RESPONSE.get().write(b"x" * 100_000)
                RESPONSE.get().flush()
            ended.set_result(None)
        except BaseException as error:
            ended.set_exception(error)
            raise

    http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    http.initiate_connection()
    http.send_headers(1, [*HEADERS[1:], (b":method", b"GET")], end_stream=True)
    async with serving(app) as server, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(http.data_to_send() if is_http2 else b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.read(10)
        if is_http2:
            http.reset_stream(1)
            writer.write(http.data_to_send())
            await ended
        writer.close()
        await ended
        await writer.wait_closed()
