"""The ASGI application of the gRPC services, with the checks that connectrpc lacks."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

from connectrpc.compat import google_protobuf_binary_codec
from connectrpc.compression.gzip import GzipCompression

from headwater.api.chat_service import Refusals, ReplyService
from headwater.api.requests import BODY_BYTES, BODY_PACE, BODY_TIMEOUT, DISCARD_BYTES
from headwater.api.rpc_health import Health
from headwater.api.rpc_reflection import Reflection
from headwater.api.rpc_services import CHAT, HEALTH, NAMES, REFLECTION, TWO_WAY, Services
from headwater.errors import InvalidRequestError, ProblemCode
from headwater.identity.identify import Identifier
from headwater.replies.service import Replies
from headwater.transports.grpc import JsonCodec

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
AsgiApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def rpc_application(
    replies: Replies,
    identifier: Identifier,
    check_ready: Callable[[], None],
    refused: Callable[[ProblemCode], None],
) -> AsgiApplication:
    """The application for all `PATHS`: gRPC over HTTP/2, gRPC-Web and Connect also over HTTP/1.1.

    A request may be compressed, because some clients always do so; the limit counts its decompressed bytes.
    Answers are not compressed: each message would be compressed by itself, and messages are short.
    """
    services: Any = Services(
        {
            CHAT.full_name: ReplyService(replies, identifier),
            HEALTH.full_name: Health(NAMES, check_ready, replies.drained),
            REFLECTION.full_name: Reflection(NAMES),
        },
        interceptors=[Refusals(refused)],
        read_max_bytes=BODY_BYTES,
        compressions=(GzipCompression(),),
        codecs=(google_protobuf_binary_codec(), JsonCodec()),
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if not _has_utf8_headers(scope):
            await refuse(receive, send, 400)
        elif _lacks_trailers(scope):
            await refuse(receive, send, 415)
        elif scope["path"].endswith(TWO_WAY):
            await services(_without_accept_encoding(scope), receive, send)
        else:
            body = _Body(receive)
            await services(_without_accept_encoding(scope), body.receive, body.before(send))

    return application


async def refuse(receive: Receive, send: Send, status: int) -> None:
    """Answer with a status and no body."""
    send = _Body(receive).before(send)
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


class _Body:
    """The body of a request, with the same limits as in `api/requests.py`."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._deadline = asyncio.get_running_loop().time() + BODY_TIMEOUT
        self._size = 0
        self._is_complete = False

    async def receive(self) -> dict[str, Any]:
        """The next message of the body or after it. Raises `InvalidRequestError` if the body is late."""
        try:
            async with asyncio.timeout_at(
                None if self._is_complete else self._deadline + self._size / BODY_PACE
            ):
                message = await self._receive()
        except TimeoutError:
            raise InvalidRequestError("The body did not arrive in time.") from None
        self._size += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        return message

    def before(self, send: Send) -> Send:
        """A `send` that first reads and drops the rest of the body."""

        async def drain_and_send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                with suppress(InvalidRequestError):
                    while not self._is_complete and self._size < DISCARD_BYTES:
                        await self.receive()
            await send(message)

        return drain_and_send


def _has_utf8_headers(scope: Scope) -> bool:
    """Whether connectrpc can read the headers, which it decodes as UTF-8."""
    try:
        b"".join(part for header in scope["headers"] for part in header).decode()
    except UnicodeDecodeError:
        return False
    return True


def _without_accept_encoding(scope: Scope) -> Scope:
    """The same request without `Accept-Encoding`."""
    headers = [(name, value) for name, value in scope["headers"] if not name.endswith(b"accept-encoding")]
    return {**scope, "headers": headers}


def _lacks_trailers(scope: Scope) -> bool:
    """Whether the request is gRPC over HTTP/1.1, which cannot carry its trailers here."""
    content_type = dict(scope["headers"]).get(b"content-type", b"")
    is_grpc = content_type == b"application/grpc" or content_type.startswith(b"application/grpc+")
    return is_grpc and "http.response.trailers" not in scope["extensions"]
