"""`/api/generations/<id>`: look at a generation, follow it, cancel it."""

from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response
from werkzeug.exceptions import MethodNotAllowed

from headwater.api.requests import EventsQuery, event_id, last_event_id, read_query
from headwater.api.responses import Generation
from headwater.api.streaming import JSON, generation_response, json_response, negotiated, streamed
from headwater.errors import InvalidRequestError
from headwater.identity.identify import client
from headwater.replies.service import Chat
from headwater.transports.json import page_object
from headwater.transports.wire import END


def generations_blueprint(chat: Chat) -> Blueprint:
    """The routes of one generation."""
    blueprint = Blueprint("generations", __name__, url_prefix="/api/generations")

    @blueprint.get("/<name>")
    @document_response(Generation)
    async def look(name: str) -> Response:
        generation = await chat.find(client(), name)
        return generation_response(generation, await generation.snapshot())

    @blueprint.post("/<name>/cancel")
    @document_response(Generation, 202)
    @document_response(Generation)
    async def cancel(name: str) -> Response:
        generation = await chat.find(client(), name)
        snapshot = await chat.cancel(generation)
        return generation_response(generation, snapshot, 202 if snapshot.outcome is None else 200)

    @blueprint.get("/<name>/events")
    @document_querystring(EventsQuery)
    async def events(name: str) -> Response:
        if request.method == "HEAD":
            raise MethodNotAllowed(["GET"])  # there is no head of what does not end
        media_type = negotiated()
        query = read_query(EventsQuery)
        generation = await chat.find(client(), name)
        seen = last_event_id() or event_id(query.after or "0", "after")
        if seen[0] not in {None, name}:
            raise InvalidRequestError(f"The cursor is one of {seen[0]!r}, not of {name!r}.", field="after")
        if seen[1] == END:
            return Response(status=204)
        if media_type == JSON:
            page = await chat.page(generation, seen[1], query.wait)
            return json_response(page_object(generation.id, page))
        return await streamed(chat, generation, seen[1], media_type)

    return blueprint
