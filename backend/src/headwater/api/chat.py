"""`/api/chat` and `/chat`: start a reply."""

import asyncio

from quart import Blueprint, Response, request
from quart_rate_limiter import rate_limit
from quart_schema import document_request, document_response
from werkzeug.exceptions import MethodNotAllowed

from headwater.api.origins import Origins
from headwater.api.rate_limits import StartLimiter
from headwater.api.requests import (
    ChatBody,
    ChatQuery,
    ReplyBody,
    idempotency_key,
    last_event_id,
    read_json,
    read_json_or_nothing,
    read_query,
)
from headwater.api.responses import Reply
from headwater.api.streaming import negotiated, reply, streamed
from headwater.errors import InvalidRequestError
from headwater.identity.identify import client, current_client
from headwater.replies.service import Chat
from headwater.transports.wire import END


def chat_blueprint(chat: Chat, limiter: StartLimiter, origins: Origins) -> Blueprint:
    """The routes that start a reply; all of them count against one limit."""
    blueprint = Blueprint("chat", __name__)

    @blueprint.route("/api/chat", methods=["GET", "POST"])
    @blueprint.route("/chat", methods=["GET", "POST"])
    @blueprint.route("/api/conversations/<conversation>/messages/<message>/replies", methods=["POST"])
    @rate_limit(limits=[limiter.limit(_starts_nothing)])
    @document_request(ChatBody)
    @document_response(Reply)
    async def start(conversation: str | None = None, message: str | None = None) -> Response:
        arrived = asyncio.get_running_loop().time()
        match request.method:
            case "POST" if conversation is not None and message is not None:
                return await _again(chat, conversation, message, arrived)
            case "POST":
                return await _post(chat, arrived)
            case "GET":
                origins.check_request(request)
                return await _get(chat, arrived)
            case _:
                raise MethodNotAllowed(["GET", "POST"])

    return blueprint


async def _post(chat: Chat, arrived: float) -> Response:
    media_type = negotiated()
    body = await read_json(ChatBody)
    generation = await chat.start(
        client(), body.ask(), idempotency_key(), counted_as=current_client().counted_as, arrived=arrived
    )
    return await reply(chat, generation, media_type)


async def _again(chat: Chat, conversation: str, message: str, arrived: float) -> Response:
    media_type = negotiated()
    body = await read_json_or_nothing(ReplyBody)
    ask = body.ask(conversation, message)
    generation = await chat.start(
        client(), ask, idempotency_key(), counted_as=current_client().counted_as, arrived=arrived
    )
    return await reply(chat, generation, media_type)


async def _get(chat: Chat, arrived: float) -> Response:
    """What a plain `EventSource` does: start, and after a cut, with `Last-Event-ID`, go on."""
    media_type = negotiated()
    seen = last_event_id()
    if seen is None:
        generation = await chat.start(
            client(), read_query(ChatQuery).ask(), counted_as=current_client().counted_as, arrived=arrived
        )
        return await reply(chat, generation, media_type)
    name, cursor = seen
    if cursor == END:
        return Response(status=204)
    if name is None:
        raise InvalidRequestError(
            "Last-Event-ID takes the form <generation>:<cursor>.", field="Last-Event-ID"
        )
    return await streamed(chat, await chat.find(client(), name), cursor, media_type)


async def _starts_nothing() -> bool:
    resumes = request.method == "GET" and bool(request.headers.get("Last-Event-ID"))
    return resumes or request.method not in {"GET", "POST"}
