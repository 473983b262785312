"""A WebSocket over HTTP/2 (RFC 8441), which no client library for Python speaks."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import h2.config
import h2.connection
import h2.events
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Ping, TextMessage

STREAM = 1


class H2Socket:
    """One WebSocket on a connection of its own. `reads` can be cleared to take nothing for a while."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._socket = Connection(ConnectionType.CLIENT)
        self._text = ""
        self._changed = asyncio.Event()
        self.frames: asyncio.Queue[str] = asyncio.Queue()
        self.headers: dict[str, str] = {}
        self.reads = asyncio.Event()
        self.reads.set()
        self.ended = asyncio.Event()
        self.closed_with: int | None = None

    async def open(self, path: str, headers: dict[str, str]) -> None:
        self._http.initiate_connection()
        await self._flush()
        while not self._http.remote_settings.enable_connect_protocol:
            await self._receive()
        asked = {
            ":method": "CONNECT",
            ":protocol": "websocket",
            ":scheme": "https",
            ":path": path,
            ":authority": "127.0.0.1",
            "sec-websocket-version": "13",
            **headers,
        }
        self._http.send_headers(STREAM, list(asked.items()))
        await self._flush()
        while not self.headers:
            await self._receive()

    async def run(self) -> None:
        """Read until the stream or the connection ends."""
        while not self.ended.is_set():
            await self.reads.wait()
            await self._receive()

    async def send(self, frame: str) -> None:
        await self.send_event(TextMessage(frame))

    async def send_event(self, event: Event) -> None:
        await self.send_bytes(self._socket.send(event))

    async def send_bytes(self, data: bytes, *, end: bool = False) -> None:
        while len(data) > (window := self._http.local_flow_control_window(STREAM)) or len(data) > 16_384:
            piece = min(window, 16_384)
            if piece:
                self._http.send_data(STREAM, data[:piece])
                data = data[piece:]
                await self._flush()
            else:
                self._changed.clear()
                await self._changed.wait()
        self._http.send_data(STREAM, data, end_stream=end)
        await self._flush()

    async def recv(self) -> str:
        async with asyncio.timeout(60):
            return await self.frames.get()

    async def _receive(self) -> None:
        data = await self._reader.read(65_536)
        if not data:
            self.ended.set()
            return
        for event in self._http.receive_data(data):
            match event:
                case h2.events.ResponseReceived():
                    self.headers = {str(name): str(value) for name, value in event.headers}
                case h2.events.DataReceived():
                    self._http.acknowledge_received_data(event.flow_controlled_length, STREAM)
                    self._socket.receive_data(event.data)
                    await self._events()
                case h2.events.StreamEnded() | h2.events.StreamReset() | h2.events.ConnectionTerminated():
                    self.ended.set()
        self._changed.set()
        await self._flush()

    async def _events(self) -> None:
        for event in self._socket.events():
            match event:
                case TextMessage():
                    self._text += event.data
                    if event.message_finished:
                        self.frames.put_nowait(self._text)
                        self._text = ""
                case Ping():
                    await self.send_event(event.response())
                case CloseConnection():
                    self.closed_with = event.code

    async def _flush(self) -> None:
        self._writer.write(self._http.data_to_send())
        await self._writer.drain()


@asynccontextmanager
async def open_h2_socket(
    port: int, path: str, headers: dict[str, str], context: ssl.SSLContext | None = None
) -> AsyncIterator[H2Socket]:
    """A socket, open, which is read until the end of the context; refused where `headers` say so."""
    if context is not None:
        context.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    socket = H2Socket(reader, writer)
    try:
        await socket.open(path, headers)
        running = asyncio.create_task(socket.run())
        try:
            yield socket
        finally:
            running.cancel()
            await asyncio.wait([running])
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
