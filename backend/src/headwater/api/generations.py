"""`/api/generations/<id>`: read, follow and cancel a generation."""

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from headwater.api import responses
from headwater.api.describe import answers_as, answers_nothing
from headwater.api.principals import principal
from headwater.api.requests import EventsQuery, event_id, last_event_id, read_query
from headwater.api.streaming import (
    ENCODERS,
    JSON,
    json_response,
    negotiated,
    refuse_head,
    streamed,
)
from headwater.errors import InvalidRequestError
from headwater.generation.log import Page
from headwater.replies.active import Generation
from headwater.replies.service import Replies
from headwater.transports.json import generation_object, page_object
from headwater.transports.wire import END


def generations_blueprint(replies: Replies) -> Blueprint:
    """The routes of one generation."""
    blueprint = Blueprint("generations", __name__, url_prefix="/api/generations")

    @blueprint.get("/<name>")
    @document_response(responses.Generation)
    async def look(name: str) -> Response:
        generation = await replies.find(principal(), name)
        return _standing(generation, replies.snapshot(generation))

    @blueprint.post("/<name>/cancel")
    @document_response(responses.Generation, 202)
    @document_response(responses.Generation)
    async def cancel(name: str) -> Response:
        generation = await replies.find(principal(), name)
        snapshot = await replies.cancel(generation)
        return _standing(generation, snapshot, 202 if snapshot.outcome is None else 200)

    @blueprint.get("/<name>/events")
    @document_querystring(EventsQuery)
    @document_response(responses.Page)
    @answers_as(*ENCODERS)
    @answers_nothing(204)
    async def events(name: str) -> Response:
        refuse_head()
        media_type = negotiated()
        query = read_query(EventsQuery)
        generation = await replies.find(principal(), name)
        named, cursor = last_event_id() or event_id(query.after or "0", "after")
        if named not in {None, name}:
            raise InvalidRequestError(f"The cursor belongs to {named!r}, not to {name!r}.", field="after")
        if cursor == END:
            return Response(status=204)
        if media_type == JSON:
            page = await replies.page(generation, cursor, query.wait)
            return json_response(page_object(generation.id, page))
        return await streamed(replies, generation, cursor, media_type)

    return blueprint


def _standing(generation: Generation, snapshot: Page, status: int = 200) -> Response:
    return json_response(generation_object(generation, snapshot), status)
