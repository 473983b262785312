"""Messages of `proto/headwater/v1/chat.proto`, for gRPC, gRPC-Web and Connect.

All three put a flag and a length before each message ("Length-Prefixed-Message" in gRPC over HTTP2), and they
differ in how a response ends. Connect also allows messages in JSON, with the same names as other transports.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.message import Message

from headwater.conversations.model import GenerationRecord
from headwater.generation.codec import FIRST_KINDS, JsonObject, outcome_object
from headwater.generation.log import Cursor, Page
from headwater.generation.parts import Event
from headwater.transports.json import generation_object
from headwater.transports.wire import encode_json, joined, start_members
from headwater.v1.chat_pb2 import ChatResponse, Generation

M = TypeVar("M", bound=Message)


def opening_message(generation: GenerationRecord, after: Cursor) -> ChatResponse:
    """The first message of a response, sent at once; `after` is the cursor it starts from."""
    start = start_members(generation)
    return ChatResponse(generation=start.pop("generation"), cursor=after, start=start)


def page_messages(generation: str, page: Page) -> Iterator[ChatResponse]:
    """The messages of a page; a page without events and outcome is a heartbeat with only a cursor."""
    for event, cursor in joined(page):
        yield ChatResponse(generation=generation, cursor=cursor, **_members(event))
    if page.outcome is not None:
        outcome = outcome_object(page.outcome)
        yield ChatResponse(generation=generation, cursor=page.cursor, done=True, outcome=outcome)
    elif not page.events:
        yield ChatResponse(generation=generation, cursor=page.cursor)


def framed_messages(generation: str, page: Page, serialize: Callable[[ChatResponse], bytes]) -> bytes:
    """The messages of a page, each with its prefix."""
    return b"".join([frame(serialize(message)) for message in page_messages(generation, page)])


def _members(event: Event) -> JsonObject:
    """Each kind of text has a field of its own; all other kinds use `event` and `data`."""
    if isinstance(event, FIRST_KINDS):
        return {event.event: event.text}
    return {"event": event.event, "data": event.event_members()}


def generation_message(generation: GenerationRecord, page: Page) -> Generation:
    """A generation in its current state."""
    return Generation(**generation_object(generation, page))


def members(message: Message) -> JsonObject:
    """The fields of a message by name, without fields that have presence and are not set."""
    defaults = {
        field.name: field.default_value
        for field in message.DESCRIPTOR.fields
        if not (field.has_presence or field.is_repeated)
    }
    return defaults | {field.name: _plain(value) for field, value in message.ListFields()}


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Message):
        return members(value)
    if isinstance(value, str | bool | int | float):
        return value
    return [_plain(each) for each in value]


def frame(data: bytes, flag: int = 0) -> bytes:
    """A serialised message with its prefix, as in the body of a streamed response."""
    return struct.pack(">BI", flag, len(data)) + data


class JsonCodec:
    """Connect's JSON, but compact and without unknown members. See `connectrpc.codec.Codec`."""

    def name(self) -> str:
        """The suffix of the media type."""
        return "json"

    def encode(self, message: Message) -> bytes:
        """The message as a JSON object, without members that are zero or empty."""
        return encode_json(MessageToDict(message, preserving_proto_field_name=True))

    def decode(self, data: bytes | bytearray, message_class: type[M]) -> M:
        """Parse a JSON object into a message. Raises `ParseError`."""
        message: M = Parse(bytes(data), message_class())
        return message
