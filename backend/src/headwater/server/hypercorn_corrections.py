"""Corrections of Hypercorn 0.18 for answers that stream.

Each correction names the upstream code that it replaces. `tests/server/test_hypercorn_corrections.py` shows
each fault in the untouched class: once upstream mends one, that test fails, and the correction can go.

1. `protocol/h2.py`, `StreamBuffer`: `pop` compares the length of what it took with the low-water mark,
   where it should compare what is left, and `push` forgets that it was told to wait. So the buffer accepts
   everything the application has, however slowly the client reads.
2. `protocol/h2.py`, `H2Protocol`: an answer that ends before it is complete (an exception, a cancellation)
   neither ends nor resets its stream, so the client waits for ever. What it left in its buffer stays for as
   long as the connection.
3. `protocol/h2.py`, `H2Protocol._handle_events`: data for a stream that was answered before its body had
   arrived raises a KeyError, which closes the whole connection and every other reply on it.
4. `asyncio/tcp_server.py`, `TCPServer`: a client that stops reading holds its connection, and therefore the
   shutdown, for ever. One that has left holds it until the keep-alive time is over.
5. `protocol/h11.py`, `H11Protocol._create_stream`: a WebSocket upgrade that is refused, or that asks for a
   path without a WebSocket, leaves the connection open for a next request, which then breaks it.
6. `protocol/h2.py`, `H2Protocol._create_stream`: a CONNECT that asks for no WebSocket has no path, which
   breaks the connection.
7. `protocol/h2.py`, `H2Protocol`: its `PriorityTree` looks at all streams for each piece that it sends.
   More than 1,000 streams at once, or as many priorities for streams that never come, break the connection.
8. `protocol/h2.py`, `H2Protocol._create_stream`: a method, a path or a header name that is not ASCII breaks
   the connection. A malformed request is an error of its stream only (RFC 9113, 8.1.1).
9. `protocol/h2.py`, `H2Protocol._handle_events`: an event for a stream that a later event of the same batch
   has closed breaks the connection.
10. `protocol/h11.py`, `H11Protocol`: a request with both `Content-Length` and `Transfer-Encoding` is served.
   A proxy that reads the other one of the two sees other requests on the connection (RFC 9112, 6.3).
11. `protocol/h2.py`, `H2Protocol`: a connection on which no request runs, because there was none or because
   its client reset it, is not idle, so it stays open for ever.
12. `protocol/h2.py`, `H2Protocol.handle`: all frames of a packet are handled without a pause, however many
   come. Frames that cost the server more than the client, and ask for nothing, have no bound.
13. `protocol/h2.py`, `H2Protocol._handle_events`: once the server accepts no more connections, a request on a
   connection whose replies go on is reset, so its client can neither stop them nor learn what is the matter.

Both protocols are also what sinks write to, past the tasks of Hypercorn (`sinks.py`). So HTTP/2's `_flush`
hands bytes to the transport before it waits; otherwise a sink could overtake them.

Corrections of WebSockets are in `websocket_corrections.py`.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import h2.errors
import h2.events
import h2.exceptions
import h11
import hypercorn.asyncio.run
import hypercorn.protocol
import hypercorn.protocol.h2
import hypercorn.protocol.h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h2 import (
    BUFFER_HIGH_WATER,
    BUFFER_LOW_WATER,
    BufferCompleteError,
    H2Protocol,
    StreamBuffer,
)
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.ws_stream import WSStream
from priority.priority import DeadlockError, DuplicateStreamError, MissingStreamError

from headwater.api.sinks import RESPONSE, SOCKET
from headwater.replies.pump import PATIENCE
from headwater.server.sinks import ResponseSink, SocketSink
from headwater.server.websocket_corrections import LEAVE_SECONDS, CorrectedWSStream

_FRAMING = frozenset({b"connection", b"content-length", b"transfer-encoding"})

WRITE_BUFFER_BYTES = 64 * 1024
"""The most that a transport buffers before its writers wait. TLS transports buffer 0.8 MiB by default."""


SLICE_BYTES = 1024
"""How many bytes of frames are handled before other connections get their turn."""

FRAMES = 10_000
FRAMES_PER_SECOND = 200
"""How many frames that ask for nothing a connection may send at once, and how many more in each second."""

RESET_FRAMES = 20
"""How many of these frames a reset counts as, because the request before it has already cost something."""


class Connections:
    """The open connections of a server.

    A client that reads nothing for `patience` seconds is cut. `websockets` are the paths of WebSockets.
    """

    def __init__(self, patience: float = PATIENCE, websockets: Collection[bytes] = ()) -> None:
        self.patience = patience
        self._websockets = websockets
        self._open: set[asyncio.WriteTransport] = set()

    def __len__(self) -> int:
        return len(self._open)

    def abort(self) -> None:
        """Close every open connection at once and discard what it has not sent."""
        for transport in list(self._open):
            transport.abort()

    @contextmanager
    def corrected(self) -> Iterator[None]:
        """Correct Hypercorn in this process while the context lasts."""
        replacements = (
            (hypercorn.asyncio.run, "TCPServer", self._connection),
            (hypercorn.protocol, "H11Protocol", self._h11),
            (hypercorn.protocol, "H2Protocol", self._h2),
            (hypercorn.protocol.h2, "StreamBuffer", CorrectedStreamBuffer),
            (hypercorn.protocol.h11, "WSStream", CorrectedWSStream),
            (hypercorn.protocol.h2, "WSStream", CorrectedWSStream),
        )
        before = [getattr(module, name) for module, name, _ in replacements]
        for module, name, correct in replacements:
            setattr(module, name, correct)
        try:
            yield
        finally:
            for (module, name, _), original in zip(replacements, before, strict=True):
                setattr(module, name, original)

    def _connection(self, *args: Any) -> "CorrectedTCPServer":  # noqa: ANN401
        return CorrectedTCPServer(self, *args)

    def _h11(self, *args: Any) -> "CorrectedH11Protocol":  # noqa: ANN401
        return CorrectedH11Protocol(self._websockets, *args)

    def _h2(self, *args: Any) -> "CorrectedH2Protocol":  # noqa: ANN401
        return CorrectedH2Protocol(self.patience, *args)

    @contextmanager
    def opened(self, transport: asyncio.WriteTransport) -> Iterator[None]:
        """Count a transport as open while the context lasts."""
        self._open.add(transport)
        try:
            yield
        finally:
            self._open.discard(transport)


class CorrectedTCPServer(TCPServer):
    """One connection, tracked and with a bounded buffer, which is cut when its client stops reading."""

    def __init__(self, connections: Connections, *args: Any) -> None:  # noqa: ANN401
        super().__init__(*args)
        self._connections = connections
        self._client_left = False

    async def run(self) -> None:
        self.writer.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        with self._connections.opened(self.writer.transport):
            await super().run()

    async def _read_data(self) -> None:
        await super()._read_data()
        self._client_left = True
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, RawData):
            transport = self.writer.transport
            with _cut_when_stalled(
                transport.get_write_buffer_size, self._connections.patience, transport.abort
            ):
                await super().protocol_send(event)
        elif not (isinstance(event, Updated) and self._client_left):
            await super().protocol_send(event)


class CorrectedStreamBuffer(StreamBuffer):
    """A buffer whose writer waits until less than the low-water mark is left in it."""

    def add(self, data: bytes) -> None:
        """Add data without waiting."""
        self.buffer.extend(data)
        _at_once(self._is_empty.clear())

    async def push(self, data: bytes) -> None:
        if self._complete:
            raise BufferCompleteError
        self.add(data)
        if len(self.buffer) >= BUFFER_HIGH_WATER:
            await self._paused.clear()
            await self._paused.wait()

    async def pop(self, max_length: int) -> bytes:
        data = bytes(self.buffer[:max_length])
        del self.buffer[:max_length]
        if len(self.buffer) < BUFFER_LOW_WATER:
            await self._paused.set()
        if not self.buffer:
            await self._is_empty.set()
        return data


class RoundRobin:
    """A scheduler that serves the streams with something to send in turn; replaces `PriorityTree`."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._ready: OrderedDict[int, None] = OrderedDict()

    def insert_stream(self, stream_id: int) -> None:
        """Add a stream. It has something to send until it is blocked."""
        if stream_id in self._known:
            raise DuplicateStreamError
        self._known.add(stream_id)
        self.unblock(stream_id)

    def remove_stream(self, stream_id: int) -> None:
        """Remove a stream."""
        self.block(stream_id)
        self._known.remove(stream_id)

    def block(self, stream_id: int) -> None:
        """Mark a stream as having nothing to send, or as not allowed to."""
        self._require(stream_id)
        self._ready.pop(stream_id, None)

    def unblock(self, stream_id: int) -> None:
        """Mark a stream as having something to send."""
        self._require(stream_id)
        self._ready.setdefault(stream_id)

    def __next__(self) -> int:
        """Return the stream to serve next. Raises `DeadlockError` when no stream has anything to send."""
        if not self._ready:
            raise DeadlockError
        stream_id = next(iter(self._ready))
        self._ready.move_to_end(stream_id)
        return stream_id

    def _require(self, stream_id: int) -> None:
        if stream_id not in self._known:
            raise MissingStreamError


class HeadConnection(h11.Connection):
    """Writes the fields of a response itself, because `h11` checks each of them two more times.

    `h11` gets those that say how the response is framed.
    """

    def send(self, event: Any) -> Any:  # noqa: ANN401 - the overloads of `h11`
        if not isinstance(event, h11.Response):
            return super().send(event)
        framing, fields = [], []
        for name, value in event.headers.raw_items():
            if name.lower() in _FRAMING:
                framing.append((name, value))
            else:
                fields.append(b"%b: %b\r\n" % (name, value))
        head = super().send(h11.Response(status_code=event.status_code, headers=framing))
        return head[:-2] + b"".join(fields) + b"\r\n"


class CorrectedH11Protocol(H11Protocol):
    """HTTP/1.1 that ignores WebSocket upgrades except at known paths, and closes after it refuses one."""

    def __init__(self, websockets: Collection[bytes], *args: Any) -> None:  # noqa: ANN401
        super().__init__(*args)
        self.connection = HeadConnection(
            h11.SERVER, max_incomplete_event_size=self.config.h11_max_incomplete_size
        )
        self._websockets = websockets
        self._transport = _transport(self.send)
        self._is_chunked = False

    def backlog(self, stream_id: int) -> int:  # noqa: ARG002
        return self._transport.get_write_buffer_size()

    def put(self, stream_id: int, data: bytes) -> None:  # noqa: ARG002
        if self._transport.is_closing():
            return
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)

    def flush(self) -> None:
        """Do nothing: `put` has written it."""

    def cut(self, stream_id: int) -> None:  # noqa: ARG002
        self._transport.abort()

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response):
            http = self.connection if isinstance(self.connection, h11.Connection) else None
            # A response without a length is chunked, but for clients of HTTP/1.0 (RFC 9112, 6.3).
            self._is_chunked = http is not None and http.their_http_version != b"1.0"
            if http is None and event.status_code >= 300:
                event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        await super().stream_send(event)

    async def _create_stream(self, request: h11.Request) -> None:
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in request.headers}:
            await self._send_error_response(400)
            await self.send(Closed())
            return
        headers = [(name, value) for name, value in request.headers if name != b"upgrade"]
        is_upgrade = len(headers) < len(request.headers)
        if is_upgrade and request.target.partition(b"?")[0] not in self._websockets:
            request = h11.Request(
                method=request.method,
                target=request.target,
                headers=headers,
                http_version=request.http_version,
            )
        RESPONSE.set(ResponseSink(self, STREAM_ID))
        SOCKET.set(SocketSink(self, STREAM_ID))
        await super()._create_stream(request)

    def socket(self, stream_id: int) -> WSStream | None:  # noqa: ARG002
        return self.stream if isinstance(self.stream, WSStream) else None


class FrameBudget:
    """How many frames that ask for nothing a connection may still send."""

    def __init__(self) -> None:
        self._left: float = FRAMES
        self._at = asyncio.get_running_loop().time()

    def allows(self, event: h2.events.Event) -> bool:
        """Count an event. Returns False once there were too many."""
        now = asyncio.get_running_loop().time()
        self._left = min(FRAMES, self._left + FRAMES_PER_SECOND * (now - self._at)) - _cost(event)
        self._at = now
        return self._left >= 0


def _cost(event: h2.events.Event) -> int:
    match event:
        case h2.events.StreamReset():
            return RESET_FRAMES
        case h2.events.RequestReceived():
            return RESET_FRAMES if _is_malformed(event.headers or ()) else 0
        case h2.events.DataReceived():
            return int(not event.data and event.stream_ended is None)
        case (
            h2.events.PingReceived()
            | h2.events.PingAckReceived()
            | h2.events.PriorityUpdated()
            | h2.events.RemoteSettingsChanged()
            | h2.events.UnknownFrameReceived()
        ):
            return 1
        case _:
            return 0


class CorrectedH2Protocol(H2Protocol):
    """HTTP/2 whose streams always end, either complete or with a reset."""

    stream_buffers: dict[int, CorrectedStreamBuffer]  # type: ignore[assignment]  # see `Connections`

    def __init__(self, patience: float, *args: Any) -> None:  # noqa: ANN401
        super().__init__(*args)
        self._patience = patience
        self._transport = _transport(self.send)
        self._budget = FrameBudget()
        scheduler: Any = RoundRobin()
        self.priority = scheduler

    def backlog(self, stream_id: int) -> int:
        buffer = self.stream_buffers.get(stream_id)
        waiting = 0 if buffer is None else len(buffer.buffer)
        return self._transport.get_write_buffer_size() + waiting

    def put(self, stream_id: int, data: bytes) -> None:
        """Send within the flow-control windows; what they do not allow waits as usual."""
        buffer = self.stream_buffers.get(stream_id)
        if buffer is None or buffer.complete or self._transport.is_closing():
            return  # the client has left
        try:
            if buffer.buffer or len(data) > self.connection.local_flow_control_window(stream_id):
                buffer.add(data)
                self.priority.unblock(stream_id)
                _at_once(self.has_data.set())
                return
            size = self.connection.max_outbound_frame_size
            for start in range(0, len(data), size):
                self.connection.send_data(stream_id, data[start : start + size])
        except (h2.exceptions.ProtocolError, MissingStreamError):
            return  # the client has reset the stream, or the connection is going away

    def flush(self) -> None:
        self._write(self.connection.data_to_send())

    async def _flush(self) -> None:
        """Hand it to the transport, and only then wait: what is written meanwhile comes after it."""
        data = self.connection.data_to_send()
        if data:
            self._write(data)
            await self.send(RawData(b""))

    def _write(self, data: bytes) -> None:
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def cut(self, stream_id: int) -> None:
        self.task_group.spawn(self._close_stream, stream_id)

    def socket(self, stream_id: int) -> WSStream | None:
        stream = self.streams.get(stream_id)
        return stream if isinstance(stream, WSStream) else None

    async def initiate(
        self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None
    ) -> None:
        await super().initiate(headers, settings)
        await self._update_idle()

    async def handle(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await super().handle(event)
            return
        for start in range(0, len(event.data), SLICE_BYTES):
            if not self.closed:
                await super().handle(RawData(event.data[start : start + SLICE_BYTES]))
                await asyncio.sleep(0)

    async def stream_send(self, event: StreamEvent) -> None:
        buffer = self.stream_buffers.get(event.stream_id)
        if buffer is None:
            await super().stream_send(event)
            return

        def cut() -> None:
            self.task_group.spawn(self._close_stream, event.stream_id)

        with _cut_when_stalled(lambda: len(buffer.buffer), self._patience, cut):
            await super().stream_send(event)

    async def _create_stream(self, request: h2.events.RequestReceived) -> None:
        headers = dict(request.headers or ())
        if headers.get(b":method") == b"CONNECT" and headers.get(b":protocol") != b"websocket":
            self.connection.send_headers(request.stream_id, [(b":status", b"501")], end_stream=True)
            await self._flush()
        else:
            RESPONSE.set(ResponseSink(self, request.stream_id))
            SOCKET.set(SocketSink(self, request.stream_id))
            await super()._create_stream(request)

    async def _handle_events(self, events: list[h2.events.Event]) -> None:
        for event in events:
            if not self._budget.allows(event):
                await self._refuse()
                return
            # A later event of the same batch may have closed the stream, or the connection.
            with suppress(h2.exceptions.ProtocolError):
                await self._handle_event(event)
            if isinstance(event, h2.events.RequestReceived):
                await asyncio.sleep(0)  # a request costs more than other frames

    async def _handle_event(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.DataReceived) and event.stream_id not in self.streams:
            self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            await self._flush()
        elif isinstance(event, h2.events.RequestReceived) and _is_malformed(event.headers or ()):
            self.connection.reset_stream(event.stream_id, h2.errors.ErrorCodes.PROTOCOL_ERROR)
            await self._flush()
        elif isinstance(event, h2.events.RequestReceived) and self.context.terminated.is_set():
            await self._create_stream(event)
            await self.send(Updated(idle=False))
            await self._flush()
        else:
            await super()._handle_events([event])
        if isinstance(event, h2.events.StreamReset):
            await self._update_idle()

    async def _update_idle(self) -> None:
        if self.idle:
            await self.send(Updated(idle=True))

    async def _refuse(self) -> None:
        """End all streams, and leave once the client had time to read why."""
        self.connection.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
        await self._flush()
        await super().handle(Closed())
        self.task_group.spawn(self._leave)

    async def _leave(self) -> None:
        await asyncio.sleep(LEAVE_SECONDS)
        await self.send(Closed())

    async def _priority_updated(self, event: h2.events.PriorityUpdated) -> None:
        """Ignore it: priorities are deprecated (RFC 9113, 5.3.2), and those of unknown streams pile up."""

    async def _close_stream(self, stream_id: int) -> None:
        buffer = self.stream_buffers.get(stream_id)
        if buffer is not None and not buffer.complete:
            await buffer.close()
            if not self.closed:
                await self._reset(stream_id)
        await super()._close_stream(stream_id)

    async def _reset(self, stream_id: int) -> None:
        try:
            self.connection.reset_stream(stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)
            self.priority.unblock(
                stream_id
            )  # so that the sending task sees the reset and lets go of the stream
        except (h2.exceptions.ProtocolError, MissingStreamError):
            return  # the client reset it, or the connection is going away
        await self.has_data.set()
        await self._flush()


def _at_once(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waits for something")


def _transport(protocol_send: Any) -> asyncio.WriteTransport:  # noqa: ANN401
    """The transport of the connection that this is the `protocol_send` of."""
    server: TCPServer = protocol_send.__self__
    return server.writer.transport


def _is_malformed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    fields = dict(headers)
    return not all(
        part.isascii() for part in (*fields, fields.get(b":method", b""), fields.get(b":path", b""))
    )


@contextmanager
def _cut_when_stalled(backlog: Callable[[], int], patience: float, cut: Callable[[], None]) -> Iterator[None]:
    """Call `cut` once `backlog()` has not shrunk for `patience` seconds."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def look(before: float) -> None:
        nonlocal timer
        left = backlog()
        if left >= before:
            cut()
        else:
            timer = loop.call_later(patience, look, left)

    timer = loop.call_later(min(1.0, patience), look, math.inf)
    try:
        yield
    finally:
        timer.cancel()
