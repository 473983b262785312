"""`/api/generations/<id>`: look at a generation, follow it, cancel it."""

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from headwater.api.describe import answers_as, answers_nothing
from headwater.api.principals import principal
from headwater.api.requests import EventsQuery, event_id, last_event_id, read_query
from headwater.api.responses import Generation
from headwater.api.streaming import (
    ENCODERS,
    JSON,
    generation_response,
    json_response,
    negotiated,
    refuse_head,
    streamed,
)
from headwater.errors import InvalidRequestError
from headwater.replies.service import Replies
from headwater.transports.json import page_object
from headwater.transports.wire import END


def generations_blueprint(replies: Replies) -> Blueprint:
    """The routes of one generation."""
    blueprint = Blueprint("generations", __name__, url_prefix="/api/generations")

    @blueprint.get("/<name>")
    @document_response(Generation)
    async def look(name: str) -> Response:
        generation = await replies.find(principal(), name)
        return generation_response(generation, await generation.snapshot())

    @blueprint.post("/<name>/cancel")
    @document_response(Generation, 202)
    @document_response(Generation)
    async def cancel(name: str) -> Response:
        generation = await replies.find(principal(), name)
        snapshot = await replies.cancel(generation)
        return generation_response(generation, snapshot, 202 if snapshot.outcome is None else 200)

    @blueprint.get("/<name>/events")
    @document_querystring(EventsQuery)
    @answers_as(*ENCODERS, JSON)
    @answers_nothing(204)
    async def events(name: str) -> Response:
        refuse_head()
        media_type = negotiated()
        query = read_query(EventsQuery)
        generation = await replies.find(principal(), name)
        seen = last_event_id() or event_id(query.after or "0", "after")
        if seen[0] not in {None, name}:
            raise InvalidRequestError(f"The cursor is one of {seen[0]!r}, not of {name!r}.", field="after")
        if seen[1] == END:
            return Response(status=204)
        if media_type == JSON:
            page = await replies.page(generation, seen[1], query.wait)
            return json_response(page_object(generation.id, page))
        return await streamed(replies, generation, seen[1], media_type)

    return blueprint
