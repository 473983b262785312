"""`/api/conversations`: list, open, change, delete, search, share, and follow changes."""

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import astuple
from typing import Annotated

import msgspec
from pydantic import BeforeValidator, ConfigDict, Field
from quart import Blueprint, Response, request
from quart.blueprints import BlueprintSetupState
from quart_schema import document_querystring, document_request, document_response
from werkzeug.routing import BaseConverter

from headwater.api import responses
from headwater.api.describe import answers_as, answers_nothing
from headwater.api.principals import principal
from headwater.api.requests import (
    NOT_BLANK,
    PLAIN_NOT_BLANK,
    Identifier,
    Query,
    SettingsBody,
    read_json,
    read_query,
    without_null,
)
from headwater.api.responses import (
    Conversation,
    ConversationList,
    ConversationSummary,
    SearchResults,
    Share,
    SharedConversation,
)
from headwater.api.streaming import UNBUFFERED, json_response, refuse_head
from headwater.conversation_service import ConversationService
from headwater.errors import InvalidRequestError
from headwater.storage.conversations import ListCursor
from headwater.storage.search import SearchCursor
from headwater.transports.sse import HEARTBEAT, SseEncoder, sse_event
from headwater.transports.sse import OPENING as SSE_OPENING

_NUMBER = "-?[0-9]{1,18}"
"""A number of a cursor, within the bounds of the databases."""


def _earlier(kind: type[ListCursor | SearchCursor]) -> BeforeValidator:
    """Takes cursors from before an upgrade as well, when they were the base64 of a JSON object."""

    def as_written_now(cursor: object) -> object:
        text = str(cursor)
        try:
            decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return _write_cursor(msgspec.json.decode(decoded, type=kind))
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return cursor

    return BeforeValidator(as_written_now)


class ListQuery(Query):
    """The query of the list; without `pinned` it holds both kinds."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(pattern=rf"^{_NUMBER}\.{_NUMBER}$"), _earlier(ListCursor)] | None = None
    archived: bool = False
    pinned: bool | None = None


class SearchQuery(Query):
    """The query of a search."""

    q: Annotated[str, Field(max_length=1000), NOT_BLANK]
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: (
        Annotated[str, Field(pattern=rf"^(titles|messages)\.{_NUMBER}$"), _earlier(SearchCursor)] | None
    ) = None


_NEVER_NULL = ("title", "pinned", "archived", "leaf")


class ConversationChange(SettingsBody):
    """What to change. Null resets a setting; the other members cannot be null."""

    model_config = ConfigDict(json_schema_extra=lambda schema: without_null(schema, _NEVER_NULL))

    title: Annotated[str, Field(min_length=1, max_length=200), PLAIN_NOT_BLANK] | None = None
    pinned: bool | None = None
    archived: bool | None = None
    leaf: Identifier | None = None


class ConversationIdConverter(BaseConverter):
    """The id of a conversation in a path, which tells it from the words that stand in the same place."""

    regex = "conv_[^/]+"


def conversations_blueprint(conversations: ConversationService, heartbeat: float) -> Blueprint:
    """The routes of stored conversations; `heartbeat` is in seconds."""
    blueprint = Blueprint("conversations", __name__, url_prefix="/api/conversations")

    @blueprint.record_once
    def convert(state: BlueprintSetupState) -> None:
        state.app.url_map.converters["conversation_id"] = ConversationIdConverter

    @blueprint.get("")
    @document_querystring(ListQuery)
    @document_response(ConversationList)
    async def list_() -> Response:
        query = read_query(ListQuery)
        after = None if query.cursor is None else _list_cursor(query.cursor)
        page, cursor = await conversations.page(
            principal().owner, archived=query.archived, pinned=query.pinned, limit=query.limit, after=after
        )
        summaries = [responses.summary(listed) for listed in page]
        return json_response(ConversationList(summaries, _write_cursor(cursor)))

    @blueprint.delete("")
    @answers_nothing(204)
    async def delete_all() -> Response:
        await conversations.delete_all(principal().owner)
        return Response(status=204)

    @blueprint.get("/search")
    @document_querystring(SearchQuery)
    @document_response(SearchResults)
    async def search() -> Response:
        query = read_query(SearchQuery)
        after = None if query.cursor is None else _search_cursor(query.cursor)
        matches, cursor = await conversations.search(principal().owner, query.q, query.limit, after)
        results = [responses.search_result(listed, match) for listed, match in matches]
        return json_response(SearchResults(results, _write_cursor(cursor)))

    @blueprint.get("/events")
    @answers_as(SseEncoder.media_type)
    async def events() -> Response:
        refuse_head()
        response = Response(
            _events(conversations, principal().owner, heartbeat),
            content_type=SseEncoder.media_type,
            headers=UNBUFFERED,
        )
        response.timeout = None
        return response

    @blueprint.get("/<conversation_id:name>")
    @document_response(Conversation)
    @answers_nothing(304)
    async def open_(name: str) -> Response:
        opened = await conversations.open(principal().owner, name)
        response = json_response(responses.conversation(opened))
        if not opened.listed.running:
            response.headers["Cache-Control"] = "private, no-cache"
            response.set_etag(f"{name}-{opened.listed.conversation.version}")
            await response.make_conditional(request)
        return response

    @blueprint.patch("/<conversation_id:name>")
    @document_request(ConversationChange)
    @document_response(ConversationSummary)
    async def change(name: str) -> Response:
        body = await read_json(ConversationChange)
        columns = {key: getattr(body, key) for key in body.model_fields_set}
        for key in _NEVER_NULL:
            if key in columns and columns[key] is None:
                raise InvalidRequestError(f"{key}: the value should not be null.", field=key)
        return json_response(responses.summary(await conversations.change(principal().owner, name, columns)))

    @blueprint.delete("/<conversation_id:name>")
    @answers_nothing(204)
    async def delete(name: str) -> Response:
        await conversations.delete(principal().owner, name)
        return Response(status=204)

    @blueprint.post("/<conversation_id:name>/restore")
    @document_response(ConversationSummary)
    async def restore(name: str) -> Response:
        return json_response(responses.summary(await conversations.restore(principal().owner, name)))

    @blueprint.post("/<conversation_id:name>/share")
    @document_response(Share)
    async def share(name: str) -> Response:
        token = await conversations.share(principal().owner, name)
        return json_response(Share(token, f"{request.root_path}/s/{token}"))

    @blueprint.delete("/<conversation_id:name>/share")
    @answers_nothing(204)
    async def unshare(name: str) -> Response:
        await conversations.unshare(principal().owner, name)
        return Response(status=204)

    return blueprint


def shared_blueprint(conversations: ConversationService) -> Blueprint:
    """The routes for anyone who has a link."""
    blueprint = Blueprint("shared", __name__)

    @blueprint.get("/api/shared/<token>")
    @document_response(SharedConversation)
    async def shared(token: str) -> Response:
        response = json_response(responses.shared_conversation(await conversations.shared(token)))
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return blueprint


async def _events(conversations: ConversationService, owner: str, heartbeat: float) -> AsyncIterator[bytes]:
    async with aclosing(conversations.changes(owner, heartbeat)) as batches:
        await anext(batches)
        yield SSE_OPENING + sse_event("ready", {})
        async for changed in batches:
            yield sse_event("change", {"conversations": changed}) if changed else HEARTBEAT


def _write_cursor(cursor: ListCursor | SearchCursor | None) -> str | None:
    return None if cursor is None else ".".join(map(str, astuple(cursor)))


def _list_cursor(cursor: str) -> ListCursor:
    updated_at, seq = cursor.split(".")
    return ListCursor(int(updated_at), int(seq))


def _search_cursor(cursor: str) -> SearchCursor:
    stage, before = cursor.split(".")
    return SearchCursor("titles" if stage == "titles" else "messages", int(before))
