"""Answers that carry a reply: which transport, which headers, which bytes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from quart import Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.http import parse_accept_header

from headwater.errors import NotAcceptableError
from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor
from headwater.replies.active import Generation, Snapshot
from headwater.replies.service import Replies
from headwater.transports.encoder import Encoder
from headwater.transports.json import (
    WAITING,
    encode_json,
    generation_object,
    reply_opening,
    reply_rest,
)
from headwater.transports.ndjson import NdjsonEncoder
from headwater.transports.sse import SseEncoder
from headwater.transports.wire import Opening

JSON = "application/json"
ENCODERS: dict[str, Encoder] = {encoder.media_type: encoder for encoder in (SseEncoder(), NdjsonEncoder())}

WAITING_EVERY = 5.0
"""Seconds between the signs of life of a reply that is sent whole, while it grows."""

UNBUFFERED = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
"""Keeps proxies from holding a streamed answer back or from compressing it."""


def negotiated() -> str:
    """The media type that the client likes best: the highest q, ties by the order of the table.

    Parameters such as a charset are passed over: every transport is UTF-8.

    Raises `NotAcceptableError`.
    """
    offered = [*ENCODERS, JSON]
    given = parse_accept_header(",".join(request.headers.getlist("Accept")), MIMEAccept)
    if not given:
        return offered[0]
    accepted = MIMEAccept([(media_type.partition(";")[0].strip(), q) for media_type, q in given])
    best = max(offered, key=accepted.quality)
    if not accepted.quality(best):
        raise NotAcceptableError(f"This address answers as {', '.join(offered)}.")
    return best


def refuse_head() -> None:
    """Refuse HEAD: an answer that does not end has no head. Raises `MethodNotAllowed`."""
    if request.method == "HEAD":
        raise MethodNotAllowed(["GET"])


async def reply(replies: Replies, generation: Generation, media_type: str) -> Response:
    """The answer to the start of a reply: streamed, or one object that is complete when the reply is."""
    if media_type == JSON:
        response = _unbuffered(_whole(replies, generation), JSON)
    else:
        response = await streamed(replies, generation, 0, media_type)
    return located(response, generation)


def located(response: Response, generation: Generation) -> Response:
    """The same answer, saying where the generation is that it carries."""
    response.headers["Location"] = f"/api/generations/{generation.id}"
    return response


def followed(replies: Replies, generation: Generation, encoder: Encoder) -> Response:
    """A generation from its beginning to its outcome, in another's words."""
    return located(_unbuffered(_bytes(replies, generation, 0, encoder), encoder.media_type), generation)


async def streamed(replies: Replies, generation: Generation, after: Cursor, media_type: str) -> Response:
    """Follow a generation from a cursor to its outcome. Raises `CursorConflictError`."""
    after = await replies.resume(generation, after)
    encoder = ENCODERS[media_type]
    return _unbuffered(_bytes(replies, generation, after, encoder), encoder.media_type)


def _unbuffered(body: AsyncGenerator[bytes, None], media_type: str) -> Response:
    response = Response(body, content_type=media_type, headers=UNBUFFERED)
    response.timeout = None
    return response


async def _whole(replies: Replies, generation: Generation) -> AsyncGenerator[bytes, None]:
    """One JSON object: the names at once, then signs of life, and the rest when the reply is complete."""
    clock = asyncio.get_running_loop().time
    yield reply_opening(opening(generation))
    heard = clock()
    async with aclosing(replies.follow(generation, 0)) as pages:
        async for page in pages:
            if page.outcome is not None:
                yield reply_rest((await generation.snapshot()).parts, page.outcome)
            elif not page.events or clock() - heard >= WAITING_EVERY:
                yield WAITING
                heard = clock()


async def _bytes(
    replies: Replies, generation: Generation, after: Cursor, encoder: Encoder
) -> AsyncGenerator[bytes, None]:
    yield encoder.opening(opening(generation), after)
    async with aclosing(replies.follow(generation, after)) as pages:
        async for page in pages:
            yield encoder.page(generation.id, page)


def opening(generation: Generation) -> Opening:
    """What `start` tells of a generation."""
    return Opening(
        generation.id, generation.conversation, generation.message, generation.parent, generation.model
    )


def generation_response(generation: Generation, snapshot: Snapshot, status: int = 200) -> Response:
    """A generation as it stands."""
    found = generation_object(opening(generation), snapshot.parts, snapshot.cursor, snapshot.outcome)
    return json_response(found, status)


def answer(value: object, status: int = 200) -> Response:
    """One of `api/responses.py`."""
    response = Response(encode_json(value), status, content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response


def json_response(value: JsonObject | list[JsonObject], status: int = 200) -> Response:
    """One JSON value, never cached."""
    response = Response(encode_json(value), status, content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response
