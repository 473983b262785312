"""The ASGI application of `headwater.v1.ChatService`, and what connectrpc leaves open in front of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

from connectrpc.compat import google_protobuf_binary_codec
from connectrpc.compression.gzip import GzipCompression

from headwater.api.chat_service import Refusals, ReplyService
from headwater.api.requests import BODY_BYTES, BODY_PACE, BODY_TIMEOUT, DISCARD_BYTES
from headwater.errors import InvalidRequestError, ProblemCode
from headwater.identity.identify import Identifier
from headwater.replies.service import Replies
from headwater.transports.grpc import JsonCodec
from headwater.v1.chat_connect import ChatServiceASGIApplication

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
AsgiApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

PATH = "/headwater.v1.ChatService/"


def rpc_application(
    replies: Replies, identifier: Identifier, refused: Callable[[ProblemCode], None]
) -> AsgiApplication:
    """Serves what is below `PATH`: gRPC over HTTP/2; gRPC-Web and Connect over HTTP/1.1 too.

    A request may be compressed, as some clients do unasked; what it unpacks to is bounded like any other.
    Answers never are: messages are short, and each would be by itself.
    """
    service: Any = ChatServiceASGIApplication(
        ReplyService(replies, identifier),
        interceptors=[Refusals(refused)],
        read_max_bytes=BODY_BYTES,
        compressions=(GzipCompression(),),
        codecs=(google_protobuf_binary_codec(), JsonCodec()),
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_text(scope):
            await refuse(receive, send, 400)
        elif _needs_trailers(scope):
            await refuse(receive, send, 415)
        else:
            body = _Body(receive)
            await service(_uncompressed(scope), body.receive, body.before(send))

    return application


async def refuse(receive: Receive, send: Send, status: int) -> None:
    """Answer with nothing but a status."""
    send = _Body(receive).before(send)
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


class _Body:
    """The body of a request, which has as much time to arrive as anywhere else."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._until = asyncio.get_running_loop().time() + BODY_TIMEOUT
        self._size = 0
        self._whole = False

    async def receive(self) -> dict[str, Any]:
        """The next part of it, or what comes after it. Raises `InvalidRequestError` for one that is late."""
        try:
            async with asyncio.timeout_at(None if self._whole else self._until + self._size / BODY_PACE):
                message = await self._receive()
        except TimeoutError:
            raise InvalidRequestError("The body did not arrive in time.") from None
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        return message

    def before(self, send: Send) -> Send:
        """The same `send`, which reads and drops first what the client is still sending."""

        async def sent(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                with suppress(InvalidRequestError):
                    while not self._whole and self._size < DISCARD_BYTES:
                        await self.receive()
            await send(message)

        return sent


def _is_text(scope: Scope) -> bool:
    """Whether connectrpc can read the headers: it takes them for UTF-8."""
    try:
        b"".join(part for header in scope["headers"] for part in header).decode()
    except UnicodeDecodeError:
        return False
    return True


def _uncompressed(scope: Scope) -> Scope:
    """The same request, without its wish for a compressed answer."""
    headers = [(name, value) for name, value in scope["headers"] if not name.endswith(b"accept-encoding")]
    return {**scope, "headers": headers}


def _needs_trailers(scope: Scope) -> bool:
    """Whether it is gRPC itself over HTTP/1.1, where no trailers are sent."""
    content_type = dict(scope["headers"]).get(b"content-type", b"")
    is_grpc = content_type == b"application/grpc" or content_type.startswith(b"application/grpc+")
    return is_grpc and "http.response.trailers" not in scope["extensions"]
