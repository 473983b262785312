"""`/v1/responses`: stored replies, which can be continued, followed again and cancelled."""

from quart import Blueprint, Response

from headwater.api.openai.errors import failed_reply
from headwater.api.openai.response_body import ResponseBody, ResponseQuery
from headwater.api.principals import principal, start
from headwater.api.requests import idempotency_key, read_json, read_query
from headwater.api.streaming import followed, json_response, located, refuse_head
from headwater.errors import CursorConflictError, InvalidRequestError, NotFoundError
from headwater.generation.outcome import Completed
from headwater.replies.active import Generation
from headwater.replies.service import AFTER_CRASH, Replies
from headwater.transports.openai_responses import (
    Number,
    OpenAIResponsesEncoder,
    ResponseHead,
    last_number,
    response_object,
)

RESPONSE, GENERATION = "resp_", "gen_"
"""The prefixes of the ids of a response and its generation; the rest of both ids is the same."""


def responses_blueprint(replies: Replies) -> Blueprint:
    """The routes of responses."""
    blueprint = Blueprint("responses", __name__)

    @blueprint.post("/responses")
    async def create() -> Response:
        body = await read_json(ResponseBody)
        previous = await _previous(replies, body.previous_response_id)
        key = idempotency_key() if body.store else None
        generation = await start(replies, body.new_message(previous), key, body.when_unread)
        head = _head(generation, body.previous_response_id)
        if body.stream:
            return followed(replies, generation, OpenAIResponsesEncoder(head))
        return await (
            _standing(generation, head) if body.background else _complete(replies, generation, head)
        )

    @blueprint.get("/responses/<name>")
    async def find(name: str) -> Response:
        query = read_query(ResponseQuery)
        generation, head = await _stored(replies, name)
        if not query.stream:
            return await _standing(generation, head)
        refuse_head()
        after = -1 if query.starting_after is None else await _resume(generation, head, query.starting_after)
        return followed(replies, generation, OpenAIResponsesEncoder(head, after), resumes=after >= 0)

    @blueprint.post("/responses/<name>/cancel")
    async def cancel(name: str) -> Response:
        generation, head = await _stored(replies, name)
        await replies.cancel(generation)
        await replies.finished(generation)
        return await _standing(generation, head)

    return blueprint


async def _standing(generation: Generation, head: ResponseHead) -> Response:
    """A response in its current state."""
    snapshot = await generation.snapshot()
    return located(json_response(response_object(head, snapshot.events, snapshot.outcome)), generation)


async def _complete(replies: Replies, generation: Generation, head: ResponseHead) -> Response:
    """A response once it is complete."""
    _, outcome = await replies.finished(generation)
    if not isinstance(outcome.status, Completed):
        return located(failed_reply(outcome.status), generation)
    return await _standing(generation, head)


async def _stored(replies: Replies, name: str) -> tuple[Generation, ResponseHead]:
    """One of the principal's stored responses. Raises `NotFoundError`."""
    unknown = NotFoundError(f"There is no response {name!r} (any more).")
    if not name.startswith(RESPONSE):
        raise unknown
    try:
        generation = await replies.find(principal(), GENERATION + name.removeprefix(RESPONSE))
    except NotFoundError:
        raise unknown from None
    if not generation.is_stored:
        raise unknown
    previous = await replies.previous(generation)
    return generation, _head(generation, None if previous is None else _response_id(previous))


async def _previous(replies: Replies, name: str | None) -> Generation | None:
    """The response that another one continues. Raises `InvalidRequestError`."""
    if name is None:
        return None
    try:
        return (await _stored(replies, name))[0]
    except NotFoundError as error:
        raise InvalidRequestError(error.detail, field="previous_response_id") from None


async def _resume(generation: Generation, head: ResponseHead, seen: Number) -> Number:
    """The number after which a reader resumes that has seen `seen`. Raises `CursorConflictError`."""
    snapshot = await generation.snapshot()
    last = last_number(head, snapshot.events, snapshot.outcome)
    if seen <= last:
        return seen
    if snapshot.outcome == AFTER_CRASH:
        # It has seen events that the crash lost; what closes the response it has not.
        return last_number(head, snapshot.events, None)
    raise CursorConflictError(
        f"The number {seen} is ahead of the response, whose last event is {last}.",
        field="starting_after",
    )


def _head(generation: Generation, previous: str | None) -> ResponseHead:
    return ResponseHead(
        id=_response_id(generation.id),
        message=generation.message,
        model=generation.model,
        created=generation.created_at // 1000,
        previous=previous,
        stored=generation.is_stored,
    )


def _response_id(generation: str) -> str:
    return RESPONSE + generation.removeprefix(GENERATION)
