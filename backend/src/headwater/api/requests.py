"""Reads and validates the bodies, queries and headers of requests."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote_to_bytes

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, PydanticCustomError
from quart import Request, has_request_context, request

from headwater.conversations.model import Settings
from headwater.errors import InvalidRequestError, TooLargeError, UnsupportedMediaTypeError
from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor
from headwater.ids import ID_CHARS
from headwater.providers.scripted import Fault, FaultKind, Script
from headwater.replies.requests import Ids, NewMessage, Regenerate
from headwater.transports.wire import parse_event_id

KEY_CHARS = 200
"""The longest idempotency key."""

BODY_BYTES = 1024 * 1024
DISCARD_BYTES = 64 * BODY_BYTES
BODY_TIMEOUT = 30.0
"""A body of more than `BODY_BYTES` is refused. Before any refusal, the rest of the body is read and dropped,
up to `DISCARD_BYTES` and for `BODY_TIMEOUT` seconds, because a client reads no answer while it is sending."""

BODY_PACE = 64 * 1024
"""The deadline of a body moves by one second for this many bytes: exports are large, and uplinks slow."""


@dataclass(frozen=True, slots=True)
class Characters(AfterValidator):
    """A rule about the characters of a text, which the schema describes as a pattern.

    Must come after the bounds of a text, so that they count characters.
    """

    pattern: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonObject:
        return {**handler(schema), "pattern": self.pattern}


def _plain(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("null_character", "Input holds U+0000, which is no character of a text")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "Input holds nothing but white space")
    return text


_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What `str.strip` removes. The `\\s` of patterns is something else in every language."""

PLAIN = Characters(_plain, r"^[^\x00]*$")
NOT_BLANK = Characters(_not_blank, rf"[^{_SPACE}]")
PLAIN_NOT_BLANK = Characters(lambda text: _not_blank(_plain(text)), rf"^[^\x00]*[^\x00{_SPACE}][^\x00]*$")


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Takes 1.0 for the integer 1, as JSON Schema does. Must come after the bounds of the integer."""

PlainText = Annotated[str, PLAIN]
Identifier = Annotated[str, Field(min_length=1, max_length=200), PLAIN]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=KEY_CHARS), PLAIN]
_ID_PATTERN = rf"_[A-Za-z0-9_-]{{{ID_CHARS}}}$"
ConversationId = Annotated[str, Field(pattern=f"^conv{_ID_PATTERN}")]
MessageId = Annotated[str, Field(pattern=f"^msg{_ID_PATTERN}")]
GenerationId = Annotated[str, Field(pattern=f"^gen{_ID_PATTERN}")]
Message = Annotated[PlainText, Field(json_schema_extra={"pattern": PLAIN_NOT_BLANK.pattern})]
"""A message; `replies/requests.py` refuses a blank one on every transport."""
Temperature = Annotated[float, Field(ge=0, le=2)]
Tokens = Annotated[int, Field(ge=1, le=2**31 - 1), WHOLE]


class Body(BaseModel):
    """A JSON object without unknown members and without type conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Query(BaseModel):
    """The query of a URL without unknown members; values are parsed from text, which is never null."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        json_schema_extra=lambda schema: without_null(schema, schema["properties"]),
    )


def without_null(schema: dict[str, Any], names: Iterable[str]) -> None:
    """Describe members of a model as never null, although null is their default in Python."""
    for name in names:
        member = schema["properties"][name]
        if "anyOf" in member:
            described, _ = member.pop("anyOf")
            del member["default"]
            member |= described


class FaultBody(Body):
    """One member of `script.faults`."""

    after: Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE]
    kind: FaultKind


class ScriptBody(Body):
    """The member `script`."""

    tokens_per_second: Annotated[float, Field(ge=0.01, le=1e6)] | None = None
    first_token_ms: Annotated[float, Field(ge=0, le=3.6e6)] | None = None
    jitter: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), WHOLE] | None = None
    repeat: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] | None = None
    faults: Annotated[list[FaultBody], Field(max_length=1000)] | None = None

    def script(self) -> Script:
        """The script for the scripted provider."""
        faults = None if self.faults is None else tuple(Fault(f.after, f.kind) for f in self.faults)
        return Script(**{**self.model_dump(exclude={"faults"}), "faults": faults})


class ReplyIds(Body):
    """The ids that a client chooses for a reply: a prefix and 22 characters of base64url."""

    reply: MessageId | None = None
    generation: GenerationId | None = None


class NewIds(ReplyIds):
    """The ids of a message and its reply; `conversation` only if the message begins one."""

    conversation: ConversationId | None = None
    message: MessageId | None = None


def script_of(body: ScriptBody | None) -> Script | None:
    """The script for the scripted provider, if there is one."""
    return None if body is None else body.script()


def _ids(body: ReplyIds | None) -> Ids:
    return Ids() if body is None else Ids(**body.model_dump())


class SettingsBody(Body):
    """The members of a conversation's settings, among others."""

    model: Identifier | None = None
    system: PlainText | None = None
    temperature: Temperature | None = None
    max_tokens: Tokens | None = None

    @property
    def settings(self) -> Settings:
        """The settings alone."""
        return Settings(self.model, self.system, self.temperature, self.max_tokens)


class ReplyOptions(SettingsBody):
    """The members that say how a reply is made."""

    script: ScriptBody | None = None


_CONTINUES: JsonDict = {"properties": {"conversation": {"type": "string"}}, "required": ["conversation"]}
_NO_NEW_ID: JsonDict = {"properties": {"ids": {"properties": {"conversation": {"type": "null"}}}}}
_NO_PARENT: JsonDict = {"properties": {"parent": {"type": "null"}}}


class ChatBody(ReplyOptions):
    """The body of `POST /api/chat`."""

    model_config = ConfigDict(json_schema_extra={"if": _CONTINUES, "then": _NO_NEW_ID, "else": _NO_PARENT})

    message: Message
    conversation: Identifier | None = None
    parent: Identifier | None = None
    ids: NewIds | None = None

    def new_message(self) -> NewMessage:
        """The request for the use case."""
        return NewMessage(
            message=self.message,
            conversation=self.conversation,
            parent=self.parent,
            settings=self.settings,
            script=script_of(self.script),
            ids=_ids(self.ids),
        )


class ReplyBody(ReplyOptions):
    """The body of `POST /api/conversations/<id>/messages/<message>/replies`."""

    ids: ReplyIds | None = None

    def regenerate(self, conversation: str, message: str) -> Regenerate:
        """The request for the use case."""
        return Regenerate(conversation, message, self.settings, script_of(self.script), _ids(self.ids))


class ChatQuery(Query):
    """The query of `GET /api/chat`."""

    message: Message
    model: Identifier | None = None
    conversation: Identifier | None = None

    def new_message(self) -> NewMessage:
        """The request for the use case."""
        return NewMessage(self.message, self.conversation, settings=Settings(self.model))


class EventsQuery(Query):
    """The query of `GET /api/generations/<id>/events`: `wait` in seconds, for the JSON form."""

    after: Annotated[str, Field(json_schema_extra={"pattern": "^([0-9]{1,15}|end)?$"})] | None = None
    wait: Annotated[float, Field(ge=0, le=60)] = 0.0


M = TypeVar("M", bound=BaseModel)


def is_required(model: type[BaseModel]) -> bool:
    """Whether a body has a member that is required; any other body may be missing."""
    return any(field.is_required() for field in model.model_fields.values())


async def read_json(model: type[M]) -> M:
    """The request's body, parsed and validated. Raises `ProblemError`."""
    if not is_required(model) and not request.mimetype and not await _read_body(request, BODY_BYTES):
        return model.model_validate({})
    return validated(model, await read_json_bytes(BODY_BYTES))


async def read_json_bytes(limit: int) -> bytes:
    """The request's body, of at most `limit` bytes and with a media type of JSON. Raises `ProblemError`."""
    media_type = request.mimetype
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaTypeError(
            f"The body is {media_type or 'of no media type'}; send JSON with Content-Type: application/json."
        )
    return await _read_body(request, limit)


def validated(model: type[M], body: bytes, path: str = "") -> M:
    """Parse JSON into a model; `path` is its position in the body. Raises `InvalidRequestError`."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error, path) from None


def checked(model: type[M], members: JsonObject) -> M:
    """Validate members that were parsed before. Raises `InvalidRequestError`."""
    try:
        return model.model_validate(members)
    except ValidationError as error:
        raise _invalid(error) from None


def read_query(model: type[M]) -> M:
    """The request's query. Raises `InvalidRequestError`."""
    try:
        unquote_to_bytes(request.query_string).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequestError("The query is not valid UTF-8.") from None
    values = {}
    for name, occurrences in request.args.lists():
        if len(occurrences) > 1:
            raise InvalidRequestError(f"{name} is given {len(occurrences)} times; give it once.", field=name)
        values[name] = occurrences[0]
    return checked(model, values)


def idempotency_key() -> str | None:
    """The header `Idempotency-Key`, which makes a start safe to repeat. Raises `InvalidRequestError`."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= KEY_CHARS:
        raise InvalidRequestError(
            f"Idempotency-Key takes 1 to {KEY_CHARS} characters.", field="Idempotency-Key"
        )
    return key


def last_event_id() -> tuple[str | None, Cursor | Literal["end"]] | None:
    """The header `Last-Event-ID`: what the client has seen. An empty one counts as absent."""
    value = request.headers.get("Last-Event-ID")
    return event_id(value, "Last-Event-ID") if value else None


def event_id(value: str, field: str) -> tuple[str | None, Cursor | Literal["end"]]:
    """Parse an event id into its generation, if it names one, and its cursor.

    Raises `InvalidRequestError`.
    """
    try:
        return parse_event_id(value)
    except ValueError as error:
        raise InvalidRequestError(f"{field}: {error}.", field=field) from None


async def discard_body() -> None:
    """Read and drop the rest of the request's body."""
    if not has_request_context():
        return  # a WebSocket's handshake has no body
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for data in request.body:
                size += len(data)
                if size > DISCARD_BYTES:
                    return
    except TimeoutError:
        return


async def _read_body(request: Request, limit: int) -> bytes:
    body = bytearray()
    deadline = asyncio.get_running_loop().time() + BODY_TIMEOUT
    try:
        async with asyncio.timeout_at(deadline) as scope:
            async for data in request.body:
                body += data
                if len(body) > limit:
                    raise TooLargeError(f"The body is larger than the limit of {limit} bytes.")
                scope.reschedule(deadline + len(body) / BODY_PACE)
    except TimeoutError:
        raise InvalidRequestError("The body did not arrive in time.") from None
    return bytes(body)


def _invalid(error: ValidationError, path: str = "") -> InvalidRequestError:
    """The refusal for the first error, with the member at fault."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(part for part in (path, *map(str, first["loc"])) if part)
    match first["type"]:
        case "json_invalid":
            problem = str(first["ctx"]["error"])
            if "hex escape" in problem or "code point" in problem:
                problem += "; half of a character, as text cut between UTF-16 units has, has to become U+FFFD"
            return InvalidRequestError(f"The body is not valid JSON: {problem}.")
        case "model_type":
            return InvalidRequestError(f"{field or 'The body'} takes a JSON object.", field=field or None)
        case "missing":
            return InvalidRequestError(f"{field} is missing.", field=field)
        case "extra_forbidden":
            return InvalidRequestError(f"{field} is not a member that is known here.", field=field)
        case "union_tag_not_found" | "union_tag_invalid":
            tag = first["ctx"]["discriminator"].strip("'")
            expected = first["ctx"].get("expected_tags")
            problem = "is missing" if expected is None else f"takes one of {expected}"
            return InvalidRequestError(f"{field}: {tag} {problem}.", field=field)
        case "unsupported":
            field = ".".join(filter(None, (field, first["ctx"]["member"])))
            return InvalidRequestError(f"{field} cannot be honoured here: leave it out.", field=field)
        case "value_error":
            return InvalidRequestError(f"{field}: {first['ctx']['error']}.", field=field)
        case _:
            _, _, problem = first["msg"].partition(" ")  # "Input should be", "String should have"
            return InvalidRequestError(f"{field}: the value {problem}.", field=field)
