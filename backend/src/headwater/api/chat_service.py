"""`headwater.v1.ChatService`: gRPC, gRPC-Web and Connect, as connectrpc speaks them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.interceptor import MetadataInterceptor
from connectrpc.request import RequestContext
from google.protobuf.message import Message
from werkzeug.http import parse_cookie

from headwater.api.actions import CancelAction, ChatAction, FollowAction, ReplyAction
from headwater.api.rate_limits import StartLimiter
from headwater.api.requests import checked
from headwater.api.streaming import UNBUFFERED, opening
from headwater.errors import PROBLEMS, ProblemCode, ProblemError
from headwater.generation.log import Cursor
from headwater.identity.identify import COOKIE, HEADER, Client, Clients
from headwater.metrics import Metrics
from headwater.replies.active import Generation
from headwater.replies.plan import Ask, AskAgain
from headwater.replies.service import Chat
from headwater.transports.grpc import generation_message, members, opening_message, page_messages
from headwater.transports.wire import JsonObject
from headwater.v1 import chat_pb2
from headwater.v1.chat_connect import ChatService

logger = logging.getLogger(__name__)

Context = RequestContext[Any, Any]
Responses = AsyncGenerator[chat_pb2.ChatResponse, None]


class RepliesOfChat(ChatService):
    """The service, over the use cases. Every method raises the `ProblemError` that tells why not."""

    def __init__(self, chat: Chat, clients: Clients, limiter: StartLimiter) -> None:
        self._chat = chat
        self._clients = clients
        self._limiter = limiter

    def stream_chat(self, request: chat_pb2.ChatRequest, ctx: Context) -> Responses:
        """Start a reply and follow it."""

        def read() -> tuple[Ask, str | None]:
            action = checked(ChatAction, _said("chat", request) | _key(ctx))
            return action.ask(), action.idempotency_key

        return self._start(ctx, read)

    def stream_reply(self, request: chat_pb2.ReplyRequest, ctx: Context) -> Responses:
        """Start another reply to a message, or the continuation of one, and follow it."""

        def read() -> tuple[AskAgain, str | None]:
            action = checked(ReplyAction, _said("reply", request) | _key(ctx))
            return action.ask(action.conversation, action.to), action.idempotency_key

        return self._start(ctx, read)

    async def follow(self, request: chat_pb2.FollowRequest, ctx: Context) -> Responses:
        """Follow a reply from a cursor."""
        client = self._client(ctx)
        action = checked(FollowAction, _said("follow", request))
        generation = await self._chat.find(client.name, action.generation)
        after = await self._chat.seek(generation, action.after)
        if after > 0:
            self._chat.metrics.resumes.inc()
        async with aclosing(self._responses(generation, after, client, ctx)) as responses:
            async for response in responses:
                yield response

    async def cancel(self, request: chat_pb2.CancelRequest, ctx: Context) -> chat_pb2.Generation:
        """Stop a reply."""
        client = self._client(ctx)
        action = checked(CancelAction, _said("cancel", request))
        generation = await self._chat.find(client.name, action.generation)
        found = await self._chat.cancel(generation)
        return generation_message(opening(generation), found.content, found.cursor, found.outcome)

    async def _start(self, ctx: Context, read: Callable[[], tuple[Ask | AskAgain, str | None]]) -> Responses:
        arrived = asyncio.get_running_loop().time()
        client = self._client(ctx)
        await self._limiter.take(client.counted_as)
        ask, key = read()
        generation = await self._chat.start(
            client.name, ask, key, counted_as=client.counted_as, arrived=arrived
        )
        async with aclosing(self._responses(generation, 0, client, ctx)) as responses:
            async for response in responses:
                yield response

    async def _responses(
        self, generation: Generation, after: Cursor, client: Client, ctx: Context
    ) -> Responses:
        ctx.response_headers.update(UNBUFFERED)
        if client.token is not None:
            ctx.response_headers[HEADER] = client.token
        yield opening_message(opening(generation), after)
        async with aclosing(self._chat.follow(generation, after)) as pages:
            async for page in pages:
                for message in page_messages(generation.id, page):
                    yield message

    def _client(self, ctx: Context) -> Client:
        headers = ctx.request_headers
        cookie = parse_cookie("; ".join(headers.getall("cookie"))).get(COOKIE, "")
        address, _, _ = (ctx.client_address or "unknown").rpartition(":")
        return self._clients.identify(headers, cookie, address or "unknown")


def _said(action: str, request: Message) -> JsonObject:
    return {"action": action, **members(request)}


def _key(ctx: Context) -> JsonObject:
    return {"idempotency_key": ctx.request_headers.get("idempotency-key")}


class Refusals(MetadataInterceptor[None]):
    """Tells what went wrong in the terms of gRPC: a status, and in the trailing metadata our code for it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def on_start(self, ctx: Context) -> None:
        """Nothing is refused for its headers alone."""

    async def on_end(self, _: None, ctx: Context, error: Exception | None, /) -> None:
        """Raise in place of an error what the client is to be told."""
        match error:
            case ProblemError(code=code, detail=detail):
                if error.field is not None:
                    ctx.response_trailers["headwater-field"] = error.field
                if error.retry_after is not None:
                    ctx.response_trailers["retry-after"] = str(error.retry_after)
                raise self._refused(ctx, code, detail) from None
            case ConnectError(code=Code.INVALID_ARGUMENT):
                self._refused(ctx, "invalid_request", "")
            case ConnectError(code=Code.RESOURCE_EXHAUSTED):
                self._refused(ctx, "too_large", "")
            case None | ConnectError():
                return
            case _:
                logger.error("request failed", exc_info=error)
                raise self._refused(ctx, "internal_error", "This is our fault; it has been noted.") from None

    def _refused(self, ctx: Context, code: ProblemCode, detail: str) -> ConnectError:
        self._metrics.refused(code)
        ctx.response_trailers["headwater-code"] = code
        return ConnectError(Code[PROBLEMS[code].grpc], detail)
