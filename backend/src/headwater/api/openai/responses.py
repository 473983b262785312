"""`/v1/responses`: replies that are kept, can be gone on from, followed again and cancelled."""

import asyncio
import math

from quart import Blueprint, Response, request
from quart_rate_limiter import rate_limit
from werkzeug.exceptions import MethodNotAllowed

from headwater.api.openai.errors import failed_reply
from headwater.api.openai.response_body import ResponseBody, ResponseQuery
from headwater.api.rate_limits import StartLimiter
from headwater.api.requests import idempotency_key, read_json, read_query
from headwater.api.streaming import followed, json_response, located
from headwater.errors import InvalidRequestError, NotFoundError
from headwater.generation.events import Completed
from headwater.generation.fold import unfold
from headwater.identity.identify import client, current_client
from headwater.replies.active import Generation
from headwater.replies.service import Chat
from headwater.transports.openai_responses import (
    Number,
    OpenAIResponsesEncoder,
    ResponseHead,
    cursor_before,
    number_at,
    response_object,
)

RESPONSE, GENERATION = "resp_", "gen_"
"""How the ids of a response and of its generation begin; the rest is the same."""


def responses_blueprint(chat: Chat, limiter: StartLimiter) -> Blueprint:
    """The routes of responses."""
    blueprint = Blueprint("responses", __name__)

    @blueprint.post("/responses")
    @rate_limit(limits=[limiter.limit()])
    async def create() -> Response:
        arrived = asyncio.get_running_loop().time()
        body = await read_json(ResponseBody)
        previous = await _previous(chat, body.previous_response_id)
        generation = await chat.start(
            client(),
            body.ask(previous),
            idempotency_key() if body.store else None,
            counted_as=current_client().counted_as,
            arrived=arrived,
            abandon_after=_patience(body),
        )
        head = _head(generation, body.previous_response_id)
        if body.stream:
            return followed(chat, generation, OpenAIResponsesEncoder(head))
        return await (_standing(generation, head) if body.background else _whole(chat, generation, head))

    @blueprint.get("/responses/<name>")
    async def find(name: str) -> Response:
        query = read_query(ResponseQuery)
        generation, head = await _stored(chat, name)
        if not query.stream:
            return await _standing(generation, head)
        if request.method == "HEAD":
            raise MethodNotAllowed(["GET"])  # there is no head of what does not end
        after = -1 if query.starting_after is None else await _seek(chat, generation, query.starting_after)
        return followed(chat, generation, OpenAIResponsesEncoder(head, after))

    @blueprint.post("/responses/<name>/cancel")
    async def cancel(name: str) -> Response:
        generation, head = await _stored(chat, name)
        await chat.cancel(generation)
        await chat.finished(generation)
        return await _standing(generation, head)

    return blueprint


def _patience(body: ResponseBody) -> float | None:
    """For how many seconds a response goes on without a reader: None is as long as any other reply."""
    if body.background:
        return math.inf
    return None if body.store else 0.0


async def _standing(generation: Generation, head: ResponseHead) -> Response:
    """A response as it stands."""
    snapshot = await generation.snapshot()
    events = unfold(snapshot.content, snapshot.shape)
    return located(json_response(response_object(head, events, snapshot.outcome)), generation)


async def _whole(chat: Chat, generation: Generation, head: ResponseHead) -> Response:
    """A response once it is complete."""
    _, outcome = await chat.finished(generation)
    if not isinstance(outcome.status, Completed):
        return located(failed_reply(outcome.status), generation)
    return await _standing(generation, head)


async def _stored(chat: Chat, name: str) -> tuple[Generation, ResponseHead]:
    """A response that the client has stored. Raises `NotFoundError`."""
    unknown = NotFoundError(f"There is no response {name!r} (any more).")
    if not name.startswith(RESPONSE):
        raise unknown
    try:
        generation = await chat.find(client(), GENERATION + name.removeprefix(RESPONSE))
    except NotFoundError:
        raise unknown from None
    if not generation.kept:
        raise unknown
    previous = await chat.previous(generation)
    return generation, _head(generation, None if previous is None else _response_id(previous))


async def _previous(chat: Chat, name: str | None) -> Generation | None:
    """The response that another goes on from. Raises `InvalidRequestError`."""
    if name is None:
        return None
    try:
        return (await _stored(chat, name))[0]
    except NotFoundError as error:
        raise InvalidRequestError(error.detail, field="previous_response_id") from None


async def _seek(chat: Chat, generation: Generation, seen: Number) -> Number:
    """After which number a reader who has seen one goes on. Raises `CursorConflictError`."""
    chat.metrics.resumes.inc()
    cursor = cursor_before(seen)
    found = await chat.seek(generation, cursor)
    return seen if found == cursor else number_at(found)


def _head(generation: Generation, previous: str | None) -> ResponseHead:
    return ResponseHead(
        id=_response_id(generation.id),
        message=generation.message,
        model=generation.model,
        created=generation.created_at // 1000,
        previous=previous,
        stored=generation.kept,
    )


def _response_id(generation: str) -> str:
    return RESPONSE + generation.removeprefix(GENERATION)
