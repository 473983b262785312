"""`/api/chat` and `/chat`: start a reply."""

from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request, document_response

from headwater.api.describe import answers_as, answers_nothing
from headwater.api.origins import Origins
from headwater.api.principals import principal, start
from headwater.api.requests import (
    ChatBody,
    ChatQuery,
    ReplyBody,
    idempotency_key,
    last_event_id,
    read_json,
    read_query,
)
from headwater.api.responses import Reply
from headwater.api.streaming import ENCODERS, negotiated, refuse_head, reply
from headwater.errors import InvalidRequestError
from headwater.replies.service import Replies
from headwater.transports.wire import END


def chat_blueprint(replies: Replies, origins: Origins) -> Blueprint:
    """The routes that start a reply."""
    blueprint = Blueprint("chat", __name__)

    async def resume(media_type: str) -> Response | None:
        """Resume the reply that `Last-Event-ID` names; None if there is no such header.

        An `EventSource`, and whatever works like one, sends the same request again after a disconnect.
        """
        last_seen = last_event_id()
        if last_seen is None:
            return None
        name, cursor = last_seen
        if cursor == END:
            return Response(status=204)
        if name is None:
            raise InvalidRequestError(
                "Last-Event-ID takes the form <generation>:<cursor>.", field="Last-Event-ID"
            )
        return await reply(replies, await replies.find(principal(), name), media_type, cursor)

    @blueprint.post("/api/chat")
    @blueprint.post("/chat")
    @document_request(ChatBody)
    @document_response(Reply)
    @answers_as(*ENCODERS)
    @answers_nothing(204)
    async def post() -> Response:
        media_type = negotiated()
        body = await read_json(ChatBody)
        if (resumed := await resume(media_type)) is not None:
            return resumed
        generation = await start(replies, body.new_message(), idempotency_key())
        return await reply(replies, generation, media_type)

    @blueprint.post("/api/conversations/<conversation>/messages/<message>/replies")
    @document_request(ReplyBody)
    @document_response(Reply)
    @answers_as(*ENCODERS)
    @answers_nothing(204)
    async def regenerate(conversation: str, message: str) -> Response:
        media_type = negotiated()
        body = await read_json(ReplyBody)
        if (resumed := await resume(media_type)) is not None:
            return resumed
        generation = await start(replies, body.regenerate(conversation, message), idempotency_key())
        return await reply(replies, generation, media_type)

    @blueprint.get("/api/chat")
    @blueprint.get("/chat")
    @document_querystring(ChatQuery)
    @document_response(Reply)
    @answers_as(*ENCODERS)
    @answers_nothing(204)
    async def get() -> Response:
        refuse_head("POST")
        origins.check(request)
        media_type = negotiated()
        if (resumed := await resume(media_type)) is not None:
            return resumed
        generation = await start(replies, read_query(ChatQuery).new_message())
        return await reply(replies, generation, media_type)

    return blueprint
