"""What a token costs in a steady stream, counted, not timed: adding a task, a timer or a write fails."""

import asyncio
import selectors
import socket
import threading
from asyncio.selector_events import _SelectorSocketTransport  # type: ignore[attr-defined]
from collections import Counter
from collections.abc import Callable
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

from headwater.api.sinks import RESPONSE
from headwater.generation.kinds.text import Text
from headwater.generation.outcome import Completed, Outcome
from headwater.live.memory import MemoryLog
from headwater.replies import pump
from headwater.replies.pump import Pump
from headwater.transports.sse import SseEncoder
from tests.building import OurLease
from tests.counting_loop import CountingLoop
from tests.golden import GENERATION
from tests.server.test_hypercorn_corrections import HEADERS, live, serving

STREAMS = 8
ROUNDS = 40
WINDOW = 0.005


class Streaming:
    """An application that answers each request with a log of its own."""

    def __init__(self) -> None:
        self.logs: list[MemoryLog] = []
        self._pump = Pump(window=WINDOW, heartbeat=60, lease=OurLease(), page_sent=lambda _: None)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        encoder = SseEncoder(GENERATION)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": encoder.opening(0), "more_body": True})
        self.logs.append(MemoryLog())
        await self._pump.deliver(self.logs[-1], 0, encoder.page, RESPONSE.get())
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Reader(threading.Thread):
    """A client outside the event loop that reads everything."""

    def __init__(self, connections: list[socket.socket], received: Callable[[socket.socket, bytes], None]):
        super().__init__(daemon=True)
        self._connections = connections
        self._received = received

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in self._connections:
                selector.register(each, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select():
                    connection: Any = key.fileobj
                    data = connection.recv(65_536)
                    if data:
                        self._received(connection, data)
                    else:
                        selector.unregister(connection)
                        connection.close()


class OverHttp11:
    """One connection for each stream."""

    connections = STREAMS

    def open(self, port: int) -> list[socket.socket]:
        found = [socket.create_connection(("127.0.0.1", port)) for _ in range(STREAMS)]
        for connection in found:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return found

    def received(self, connection: socket.socket, data: bytes) -> None:
        pass


class OverHttp2:
    """One connection for all streams."""

    connections = 1

    def __init__(self) -> None:
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._ended = 0

    def open(self, port: int) -> list[socket.socket]:
        connection = socket.create_connection(("127.0.0.1", port))
        self._http.initiate_connection()
        self._http.increment_flow_control_window(2**24)
        for _ in range(STREAMS):
            self._http.send_headers(
                self._http.get_next_available_stream_id(),
                [*HEADERS[1:], (b":method", b"GET")],
                end_stream=True,
            )
        connection.sendall(self._http.data_to_send())
        return [connection]

    def received(self, connection: socket.socket, data: bytes) -> None:
        self._ended += sum(
            isinstance(event, h2.events.StreamEnded) for event in self._http.receive_data(data)
        )
        if self._ended == STREAMS:
            connection.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("wire", [OverHttp11, OverHttp2])
def test_a_token_wakes_no_task_and_all_readers_share_one_timer(
    wire: type[OverHttp11 | OverHttp2], monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = 0

    def write(transport: Any, data: Any, original: Any = _SelectorSocketTransport.write) -> None:
        nonlocal writes
        writes += 1
        original(transport, data)

    monkeypatch.setattr(_SelectorSocketTransport, "write", write)
    monkeypatch.setattr(pump, "WIDEST", WINDOW)  # on a slow machine, two rounds would share a wider one

    async def scenario(loop: CountingLoop) -> Counter[str]:
        nonlocal writes
        app, client = Streaming(), wire()
        async with serving(app) as server:
            reader = Reader(await asyncio.to_thread(client.open, server.port), client.received)
            reader.start()
            async with asyncio.timeout(10):
                while len(app.logs) < STREAMS:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.01)
            for log in app.logs:
                log.append(0, [Text("first")])
            await asyncio.sleep(10 * WINDOW)
            loop.counts.clear()
            writes = 0
            for at in range(1, ROUNDS + 1):
                for log in app.logs:
                    log.append(at, [Text("more")])
                await asyncio.sleep(3 * WINDOW)
            counted = loop.counts + Counter(writes=writes)
            for log in app.logs:
                log.close(ROUNDS + 1, Outcome(Completed("stop")))
            await asyncio.to_thread(reader.join, 10)
            assert not reader.is_alive()
        return counted

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        loop: Any = runner.get_loop()
        counted = runner.run(scenario(loop))
    assert counted["writes"] == ROUNDS * wire.connections
    # Each round, this test itself sleeps: a timer, a callback and a step of its task. The rest is the tick.
    assert counted["steps of tasks"] == ROUNDS
    assert counted["timers"] == 2 * ROUNDS
