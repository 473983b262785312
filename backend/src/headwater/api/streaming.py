"""Answers that carry a reply: their transport, their headers and their bytes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import lru_cache

from quart import Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.http import parse_accept_header

from headwater.api.sinks import RESPONSE
from headwater.errors import CursorConflictError, NotAcceptableError
from headwater.generation.log import Cursor
from headwater.replies.active import Generation
from headwater.replies.service import Replies
from headwater.transports.encoder import Encoder
from headwater.transports.json import JsonEncoder
from headwater.transports.ndjson import NdjsonEncoder
from headwater.transports.sse import SseEncoder
from headwater.transports.wire import encode_json

JSON = JsonEncoder.media_type
ENCODERS: dict[str, Callable[[Generation], Encoder]] = {
    SseEncoder.media_type: SseEncoder,
    NdjsonEncoder.media_type: NdjsonEncoder,
}

UNBUFFERED = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
"""Keeps proxies from buffering or compressing a streamed answer."""


def negotiated() -> str:
    """The media type that the client prefers: the highest q, then the order of the table.

    Parameters such as a charset are ignored: every transport is UTF-8.

    Raises `NotAcceptableError`.
    """
    return _best(",".join(request.headers.getlist("Accept")))


@lru_cache
def _best(header: str) -> str:
    """The media type for a header `Accept`. Raises `NotAcceptableError`."""
    offered = [*ENCODERS, JSON]
    wanted = parse_accept_header(header, MIMEAccept)
    if not wanted:
        return offered[0]
    accepted = MIMEAccept([(media_type.partition(";")[0].strip(), q) for media_type, q in wanted])
    best = max(offered, key=accepted.quality)
    if not accepted.quality(best):
        raise NotAcceptableError(f"This address answers as {', '.join(offered)}.")
    return best


def refuse_head(*others: str) -> None:
    """Refuse HEAD, because an endless answer has no head; the URL takes GET and `others`.

    Raises `MethodNotAllowed`.
    """
    if request.method == "HEAD":
        raise MethodNotAllowed(["GET", *others])


async def reply(replies: Replies, generation: Generation, media_type: str, after: Cursor = 0) -> Response:
    """A reply: a stream of what comes after a cursor, or one JSON object once the whole reply is complete.

    Raises `CursorConflictError`.
    """
    if media_type == JSON:
        return followed(replies, generation, JsonEncoder(generation))
    return located(await streamed(replies, generation, after, media_type), generation)


def located(response: Response, generation: Generation) -> Response:
    """Add the URL of the generation to the answer."""
    response.headers["Location"] = f"{request.root_path}/api/generations/{generation.id}"
    return response


def followed(
    replies: Replies, generation: Generation, encoder: Encoder, *, resumes: bool = False
) -> Response:
    """A generation from its beginning to its outcome, however its client has seen it before."""
    body = _encoded(replies, generation, 0, encoder, resumes=resumes)
    return located(_unbuffered(body, encoder.media_type), generation)


async def streamed(replies: Replies, generation: Generation, after: Cursor, media_type: str) -> Response:
    """Follow a generation from a cursor to its outcome. Raises `CursorConflictError`."""
    after = await replies.resume(generation, after)
    resumes = bool(request.headers.get("Last-Event-ID"))
    body = _encoded(replies, generation, after, ENCODERS[media_type](generation), resumes=resumes)
    return _unbuffered(body, media_type)


def _unbuffered(body: AsyncGenerator[bytes, None], media_type: str) -> Response:
    response = Response(body, content_type=media_type, headers=UNBUFFERED)
    response.timeout = None
    return response


async def _encoded(
    replies: Replies, generation: Generation, after: Cursor, encoder: Encoder, *, resumes: bool
) -> AsyncGenerator[bytes, None]:
    """The opening, and then everything else past this generator, straight to the connection."""
    yield encoder.opening(after)
    with suppress(CursorConflictError):  # who comes back is refused with it
        await replies.deliver(generation, after, encoder.page, RESPONSE.get(), resumes=resumes)


def json_response(value: object, status: int = 200) -> Response:
    """One JSON value, never cached: a JSON object, or one of the types in `api/responses.py`."""
    response = Response(encode_json(value), status, content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response
