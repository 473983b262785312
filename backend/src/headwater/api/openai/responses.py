"""`/v1/responses`: stored replies, which can be continued, followed again and cancelled."""

from collections.abc import Sequence

from quart import Blueprint, Response

from headwater.api.openai.errors import failed_reply
from headwater.api.openai.response_body import InputItem, ResponseBody, ResponseQuery
from headwater.api.principals import principal, start
from headwater.api.requests import idempotency_key, read_json, read_query
from headwater.api.streaming import followed, json_response, located, refuse_head
from headwater.errors import CursorConflictError, InvalidRequestError, NotFoundError
from headwater.generation.outcome import Completed
from headwater.replies.active import Generation
from headwater.replies.service import AFTER_CRASH, Replies
from headwater.transports.openai_responses import (
    GENERATION,
    RESPONSE,
    Number,
    OpenAIResponsesEncoder,
    item_texts,
    last_number,
    message_of_item,
    response_id,
    response_object,
)


def responses_blueprint(replies: Replies) -> Blueprint:
    """The routes of responses."""
    blueprint = Blueprint("responses", __name__)

    @blueprint.post("/responses")
    async def create() -> Response:
        body = await read_json(ResponseBody)
        previous = await _previous(replies, body.previous_response_id)
        key = idempotency_key() if body.store else None
        message = body.new_message(previous, await _referenced(replies, body.input))
        generation = await start(replies, message, key, body.when_unread)
        if body.stream:
            return followed(
                replies, generation, OpenAIResponsesEncoder(generation, body.previous_response_id)
            )
        if not body.background:
            _, outcome = await replies.finished(generation)
            if not isinstance(outcome.status, Completed):
                return located(failed_reply(outcome.status), generation)
        return await _standing(replies, generation, body.previous_response_id)

    @blueprint.get("/responses/<name>")
    async def find(name: str) -> Response:
        query = read_query(ResponseQuery)
        generation, previous = await _stored(replies, name)
        if not query.stream:
            return await _standing(replies, generation, previous)
        refuse_head()
        after = -1 if query.starting_after is None else await _resume(generation, query.starting_after)
        return followed(
            replies, generation, OpenAIResponsesEncoder(generation, previous, after), resumes=after >= 0
        )

    @blueprint.post("/responses/<name>/cancel")
    async def cancel(name: str) -> Response:
        generation, previous = await _stored(replies, name)
        await replies.cancel(generation)
        await replies.finished(generation)
        return await _standing(replies, generation, previous)

    return blueprint


async def _standing(replies: Replies, generation: Generation, previous: str | None) -> Response:
    """A response in its current state."""
    snapshot = replies.snapshot(generation)
    response = response_object(generation, previous, snapshot.events, snapshot.outcome)
    return located(json_response(response), generation)


async def _stored(replies: Replies, name: str) -> tuple[Generation, str | None]:
    """One of the principal's stored responses, and the id of the one before it. Raises `NotFoundError`."""
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
    return generation, None if previous is None else response_id(previous)


async def _previous(replies: Replies, name: str | None) -> Generation | None:
    """The response that another one continues. Raises `InvalidRequestError`."""
    if name is None:
        return None
    try:
        return (await _stored(replies, name))[0]
    except NotFoundError as error:
        raise InvalidRequestError(error.detail, field="previous_response_id") from None


async def _referenced(replies: Replies, items: Sequence[InputItem]) -> dict[str, str | None]:
    """See `item_texts`, for the items that an input refers to. Raises `InvalidRequestError`."""
    texts: dict[str, str | None] = {}
    for number, item in enumerate(items):
        if item.type == "item_reference" and item.id not in texts:
            try:
                generation = await replies.find_message(principal(), message_of_item(item.id))
                snapshot = replies.snapshot(generation)
                texts |= item_texts(generation, snapshot.events)
                texts[item.id]
            except (NotFoundError, KeyError):
                raise InvalidRequestError(
                    f"There is no item {item.id!r} (any more).", field=f"input.{number}.id"
                ) from None
    return texts


async def _resume(generation: Generation, seen: Number) -> Number:
    """The number after which a reader resumes that has seen `seen`. Raises `CursorConflictError`."""
    snapshot = generation.snapshot()
    last = last_number(generation, snapshot.events, snapshot.outcome)
    if seen <= last:
        return seen
    if snapshot.outcome == AFTER_CRASH:
        # It has seen events that the crash lost; what closes the response it has not.
        return last_number(generation, snapshot.events, None)
    raise CursorConflictError(
        f"The number {seen} is ahead of the response, whose last event is {last}.",
        field="starting_after",
    )
