"""The ASGI application of the gRPC services, with the checks that connectrpc lacks."""

from collections.abc import Callable
from typing import Any

from connectrpc.compat import google_protobuf_binary_codec
from connectrpc.compression.gzip import GzipCompression

from headwater.api.asgi import AsgiApplication, LimitedBody, Receive, Scope, Send, refuse
from headwater.api.requests import BODY_BYTES
from headwater.api.rpc.chat_service import Refusals, ReplyService
from headwater.api.rpc.health import Health
from headwater.api.rpc.reflection import Reflection
from headwater.api.rpc.services import CHAT, HEALTH, NAMES, REFLECTION, TWO_WAY, Services
from headwater.errors import ProblemCode
from headwater.identity.identify import Identifier
from headwater.replies.service import Replies
from headwater.transports.grpc import JsonCodec


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
        elif scope["path"] in TWO_WAY:
            await services(_without_accept_encoding(scope), receive, send)
        else:
            body = LimitedBody(receive)
            await services(_without_accept_encoding(scope), body.receive, body.before(send))

    return application


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
