"""`headwater.v1.ChatService`, also named `ChatService`, over connectrpc: gRPC, gRPC-Web and Connect."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.interceptor import MetadataInterceptor
from connectrpc.request import RequestContext
from google.protobuf.message import Message
from werkzeug.http import parse_cookie

from headwater.api.actions import CancelAction, ChatAction, FollowAction, ReplyAction, opened
from headwater.api.requests import checked
from headwater.api.sinks import RESPONSE
from headwater.api.streaming import UNBUFFERED
from headwater.errors import InternalError, InvalidRequestError, ProblemCode, ProblemError, TooLargeError
from headwater.generation.codec import JsonObject
from headwater.identity.identify import HEADER, Identifier, Principal
from headwater.replies.service import Replies
from headwater.transports.grpc import (
    JsonCodec,
    framed_messages,
    generation_message,
    members,
    opening_message,
)
from headwater.v1 import chat_pb2

logger = logging.getLogger(__name__)

Context = RequestContext[Any, Any]
Responses = AsyncGenerator[chat_pb2.ChatResponse, None]


class ReplyService:
    """The methods of the service. Each raises a `ProblemError` if it refuses the request."""

    def __init__(self, replies: Replies, identifier: Identifier) -> None:
        self._replies = replies
        self._identifier = identifier

    def stream_chat(self, request: chat_pb2.ChatRequest, ctx: Context) -> Responses:
        """Start a reply and follow it."""
        return self._follow(ctx, ChatAction, _members("chat", request))

    def stream_reply(self, request: chat_pb2.ReplyRequest, ctx: Context) -> Responses:
        """Start another reply to a message, or the continuation of one, and follow it."""
        return self._follow(ctx, ReplyAction, _members("reply", request))

    def follow(self, request: chat_pb2.FollowRequest, ctx: Context) -> Responses:
        """Follow a reply from a cursor."""
        return self._follow(ctx, FollowAction, _members("follow", request))

    async def cancel(self, request: chat_pb2.CancelRequest, ctx: Context) -> chat_pb2.Generation:
        """Stop a reply."""
        principal = self._principal(ctx)
        action = checked(CancelAction, _members("cancel", request))
        generation = await self._replies.find(principal, action.generation)
        before = await self._replies.cancel(generation)
        return generation_message(generation, before)

    async def _follow(
        self, ctx: Context, kind: type[ChatAction | ReplyAction | FollowAction], body: JsonObject
    ) -> Responses:
        arrived = asyncio.get_running_loop().time()
        principal = self._principal(ctx)
        if kind is not FollowAction:
            body["idempotency_key"] = ctx.request_headers.get("idempotency-key")
        generation, after = await opened(self._replies, principal, checked(kind, body), arrived)
        ctx.response_headers.update(UNBUFFERED)
        if principal.token is not None:
            ctx.response_headers[HEADER] = principal.token
        yield opening_message(generation, after)
        encode = partial(framed_messages, generation.id, serialize=_serializer(ctx))
        await self._replies.deliver(generation, after, encode, RESPONSE.get())

    def _principal(self, ctx: Context) -> Principal:
        headers = ctx.request_headers
        cookies = parse_cookie("; ".join(headers.getall("cookie")))
        is_secure = self._identifier.cookie_name(is_secure=True) in cookies
        address, _, _ = (ctx.client_address or "unknown").rpartition(":")
        return self._identifier.identify(headers, cookies, address or "unknown", is_secure=is_secure)


def _serializer(ctx: Context) -> Callable[[chat_pb2.ChatResponse], bytes]:
    """How the client wants messages: as JSON or in binary."""
    media_type, _, _ = ctx.request_headers.get("content-type", "").partition(";")
    if media_type.strip().endswith("json"):
        return JsonCodec().encode
    return chat_pb2.ChatResponse.SerializeToString


def _members(action: str, request: Message) -> JsonObject:
    return {"action": action, **members(request)}


class Refusals(MetadataInterceptor[None]):
    """Turns refusals into gRPC statuses, with our own code in the trailing metadata."""

    def __init__(self, refused: Callable[[ProblemCode], None]) -> None:
        self._count = refused

    async def on_start(self, ctx: Context) -> None:
        """Do nothing: no request is refused for its headers alone."""

    async def on_end(self, _: None, ctx: Context, error: Exception | None, /) -> None:
        """Raise the error that the client sees."""
        match error:
            case ProblemError():
                raise self._refused(ctx, error) from None
            case ConnectError(code=Code.INVALID_ARGUMENT):
                self._refused(ctx, InvalidRequestError(""))
            case ConnectError(code=Code.RESOURCE_EXHAUSTED):
                self._refused(ctx, TooLargeError(""))
            case None | ConnectError():
                return
            case _:
                logger.error("request failed", exc_info=error)
                raise self._refused(ctx, InternalError()) from None

    def _refused(self, ctx: Context, error: ProblemError) -> ConnectError:
        self._count(error.code)
        if error.field is not None:
            ctx.response_trailers["headwater-field"] = error.field
        if error.retry_after is not None:
            ctx.response_trailers["retry-after"] = str(error.retry_after)
        ctx.response_trailers["headwater-code"] = error.code
        return ConnectError(Code[error.problem.grpc], error.detail)
