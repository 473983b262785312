"""Sinks of Hypercorn's connections: the bodies of responses, and WebSockets."""

from collections.abc import Sequence
from typing import Protocol

from hypercorn.protocol.ws_stream import WSStream
from wsproto.events import TextMessage
from wsproto.utilities import LocalProtocolError


class StreamProtocol(Protocol):
    """A connection, as its streams write to it without waiting; see `Sink`."""

    def backlog(self, stream_id: int) -> int: ...

    def put(self, stream_id: int, data: bytes) -> None: ...

    def flush(self) -> None: ...

    def cut(self, stream_id: int) -> None: ...

    def socket(self, stream_id: int) -> WSStream | None: ...


class _Stream:
    """A stream of a connection."""

    def __init__(self, protocol: StreamProtocol, stream_id: int) -> None:
        self._protocol = protocol
        self._stream_id = stream_id

    def backlog(self) -> int:
        return self._protocol.backlog(self._stream_id)

    def flush(self) -> None:
        self._protocol.flush()

    def cut(self) -> None:
        self._protocol.cut(self._stream_id)


class ResponseSink(_Stream):
    """See `Sink`: the body of a response."""

    def write(self, data: bytes) -> None:
        self._protocol.put(self._stream_id, data)


class SocketSink(_Stream):
    """See `Sink`: the text frames of a WebSocket."""

    def write(self, data: Sequence[str]) -> None:
        socket = self._protocol.socket(self._stream_id)
        if socket is None:
            return  # the client has left
        try:
            frames = b"".join([socket.connection.send(TextMessage(data=text)) for text in data])
        except LocalProtocolError:
            return  # the socket is being closed
        self._protocol.put(self._stream_id, frames)
