"""`/socket.io/`: any number of replies over one connection of Socket.IO, by WebSocket or by polling."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import engineio
import socketio
from engineio.exceptions import SocketIsClosedError
from engineio.packet import CLOSE, MESSAGE, Packet
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection

from headwater.api.action_runner import ActionRunner, Changes
from headwater.api.actions import read_event
from headwater.api.asgi import LimitedBody, Receive, Scope, Send, answer_problem
from headwater.api.origins import Origins
from headwater.api.principals import token_headers
from headwater.api.requests import BODY_BYTES
from headwater.api.socket_io.packets import Outbox, is_payload, is_readable
from headwater.errors import (
    InvalidRequestError,
    OverloadedError,
    ProblemCode,
    ProblemError,
)
from headwater.generation.codec import JsonObject
from headwater.identity.identify import Identifier, Principal
from headwater.replies.service import Replies
from headwater.transports.socket_io import packets

PATH = "/socket.io/"

MAX_SOCKETS = 5000
"""The most open sockets, at 20 KiB each. One that polls has no connection, so nothing else bounds them."""

LOGGER = logging.getLogger(__name__)
LOGGER.addFilter(lambda record: record.exc_info is not None)
"""The library logs as an error what clients do wrong; only its exceptions are errors of ours."""

UNSUPPORTED_DATA = 1003
"""The close code for a frame that is no packet (RFC 6455, 7.4.1)."""

_PRINCIPAL = "headwater.principal"


class SocketIo:
    """The ASGI application below `PATH`: python-socketio, behind the checks of our other transports."""

    def __init__(
        self,
        replies: Replies,
        changes: Changes,
        identifier: Identifier,
        origins: Origins,
        refused: Callable[[ProblemCode], None],
        *,
        heartbeat: float,
    ) -> None:
        self._replies = replies
        self._changes = changes
        self._identifier = identifier
        self._origins = origins
        self._refused = refused
        self._open: dict[str, _Session] = {}
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            async_handlers=False,  # the next packet is read when this one has been taken
            cors_allowed_origins=[],  # `Origins` decides
            http_compression=False,
            logger=LOGGER,
            engineio_logger=LOGGER,
            max_http_buffer_size=BODY_BYTES,
            ping_interval=heartbeat,
        )
        self._server.eio.create_queue = Outbox
        self._server.on("connect", self._connected)
        self._server.on("disconnect", self._disconnected)
        self._server.on("*", self._event)

    async def run(self) -> None:
        """Wait for a shutdown; once all replies have ended, close the sockets. Their clients reconnect."""
        try:
            await self._replies.drained.wait()
            async with asyncio.TaskGroup() as closing:
                for session in self._open.values():
                    closing.create_task(session.finish())
        finally:
            await self._server.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or a WebSocket."""
        connection = HTTPConnection(scope)
        body = LimitedBody(receive)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        try:
            self._origins.check_headers(
                connection.headers, connection.headers.get("Host", ""), scope.get("method", "GET")
            )
            if not connection.query_params.get("sid"):  # it opens a socket
                is_secure = scope["scheme"] in {"https", "wss"}
                principal = self._principal(connection, is_secure=is_secure)
                headers |= token_headers(principal, self._identifier, is_secure=is_secure)
                scope = {**scope, _PRINCIPAL: principal}
            if scope["type"] == "websocket":
                # Over HTTP/2 there are no such headers (RFC 8441), but the library looks for them.
                scope = _with_request_headers(scope, connection="upgrade", upgrade="websocket")
                receive = _readable(receive)
            else:
                payload = await _payload(body)
                scope = _with_request_headers(scope, content_length=str(len(payload)))
                receive = _replayed(payload)
        except ProblemError as error:
            self._refused(error.code)
            await answer_problem(scope, body.before(send), error)
            return
        await self._server.handle_request(scope, receive, _with_headers(send, headers))

    def _principal(self, connection: HTTPConnection, *, is_secure: bool) -> Principal:
        """The principal who opens a socket. Raises `ProblemError`."""
        self._replies.require_open()
        if len(self._server.eio.sockets) >= MAX_SOCKETS:
            raise OverloadedError(f"{MAX_SOCKETS} sockets are open, the most at once.", retry_after=2)
        address = connection.client.host if connection.client else "unknown"
        return self._identifier.identify(connection.headers, connection.cookies, address, is_secure=is_secure)

    async def _connected(self, sid: str, environ: dict[str, Any], _: object = None) -> None:
        principal: Principal = environ["asgi.scope"][_PRINCIPAL]
        channel = _Channel(self._server.eio, self._server.manager.eio_sid_from_sid(sid, "/"))
        runner = ActionRunner(self._replies, self._changes, self._refused, principal, channel.send, channel)
        self._open[sid] = _Session(channel, runner)

    async def _disconnected(self, sid: str, _: str) -> None:
        session = self._open.pop(sid)
        await session.channel.end()
        await session.runner.cancel()

    async def _event(self, event: str, sid: str, *data: object) -> None:
        await self._open[sid].runner.take(partial(read_event, event, data))


class _Channel:
    """What is sent to one client."""

    def __init__(self, server: engineio.AsyncServer, sid: str) -> None:
        self._server = server
        self._sid = sid

    async def send(self, event: JsonObject) -> None:
        """Send an event. What is sent to a client that has left is lost.

        Events of a reply wait until those before them have been taken. So a slow client gets larger ones.
        Problems do not wait, because the packet that they answer is not done with before: while a client
        changes to a WebSocket, it takes nothing until all of its packets are done with.
        """
        outbox = self._outbox
        if outbox is not None and event["event"] != "problem":
            await outbox.emptied()
        with suppress(SocketIsClosedError):
            for packet in packets(event):
                await self._server.send(self._sid, packet)

    def backlog(self) -> int:
        """See `Sink.backlog`."""
        outbox = self._outbox
        return 0 if outbox is None else outbox.qsize()

    def write(self, data: Sequence[JsonObject]) -> None:
        """See `Sink.write`."""
        outbox = self._outbox
        if outbox is not None:
            for event in data:
                for packet in packets(event):
                    outbox.put_nowait(Packet(MESSAGE, data=packet))

    def flush(self) -> None:
        """See `Sink.flush`; the library sends what is in the outbox."""

    def cut(self) -> None:
        """See `Sink.cut`; the library gives up a client that answers no ping."""

    async def close(self) -> None:
        """Close the socket as a server that stops: its client connects again."""
        await self.end(Packet(CLOSE))

    async def end(self, *last: Packet) -> None:
        """Answer a request that still waits for packets, or close the WebSocket, after these last packets."""
        outbox = self._outbox
        if outbox is not None:
            for packet in (*last, None):
                await outbox.put(packet)

    @property
    def _outbox(self) -> Outbox | None:
        """What waits for the client; None once it has left."""
        socket = self._server.sockets.get(self._sid)
        return None if socket is None else socket.queue


@dataclass(frozen=True, slots=True)
class _Session:
    """A client that is connected."""

    channel: _Channel
    runner: ActionRunner

    async def finish(self) -> None:
        """Wait for the end of all actions, then close."""
        await self.runner.finish()
        await self.channel.close()


async def _payload(body: LimitedBody) -> bytes:
    """The body of a request, all of it packets. Raises `ProblemError`."""
    payload = await body.read()
    if not is_payload(payload):
        raise InvalidRequestError("The body holds something other than packets of Socket.IO.")
    return payload


def _replayed(body: bytes) -> Receive:
    """A `receive` for a request whose body has been read."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _readable(receive: Receive) -> Receive:
    """A `receive` for which the client of a WebSocket has left when it sends what is no packet."""

    async def receive_packet() -> dict[str, Any]:
        message = await receive()
        if message["type"] == "websocket.receive" and not is_readable(message.get("text")):
            return {"type": "websocket.disconnect", "code": UNSUPPORTED_DATA}
        return message

    return receive_packet


def _with_request_headers(scope: Scope, **headers: str) -> Scope:
    """A request with other headers of these names."""
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    others = [(name, value) for name, value in scope["headers"] if name not in named]
    return {**scope, "headers": [*others, *named.items()]}


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    """A `send` that adds headers to the answer."""

    async def send_with_headers(message: dict[str, Any]) -> None:
        if message["type"] in {"http.response.start", "websocket.accept"}:
            message = {"headers": [], **message}
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers
