"""The bodies and queries of `/v1/responses`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from headwater.api.openai.members import ROLES, OpenAIBody, Share, StreamOptions, TextContent, TokenLimit
from headwater.api.requests import Identifier, PlainText, Query, ScriptBody, Temperature, script_of
from headwater.conversations.model import Settings, Storage
from headwater.errors import InvalidRequestError
from headwater.generation.provider import PromptMessage, Sampling
from headwater.replies.active import Generation
from headwater.replies.requests import NewMessage
from headwater.replies.unread import Keep, StopAtOnce, WhenUnread
from headwater.transports.openai_responses import is_input


class InputItem(OpenAIBody):
    """One item of `input`: a message, or the id of one in an earlier output."""

    type: Literal["message", "item_reference"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: TextContent
    id: str = ""


def _items(value: object) -> object:
    """The items of the input, without those that a model does not get again."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list):
        return value
    return [_item(item) for item in map(_typed, value) if not isinstance(item, dict) or is_input(item)]


def _typed(item: object) -> object:
    """An item; a reference needs no type, it is what has an id alone."""
    if isinstance(item, dict) and item.get("type") is None and {"id"} <= item.keys() <= {"id", "type"}:
        return {**item, "type": "item_reference"}
    return item


def _item(item: object) -> object:
    """An item without what does not count: the role and content of a reference, or the id of a message."""
    if not isinstance(item, dict):
        return item
    if item.get("type") == "item_reference":
        return {**item, "role": "assistant", "content": ""}
    return {name: value for name, value in item.items() if name != "id"}


def _text_options(options: object) -> object:
    if isinstance(options, dict) and options.get("format") not in (None, {"type": "text"}):
        raise PydanticCustomError("format", "Output is plain text; no other format can be honoured")
    return options


class ResponseBody(OpenAIBody):
    """The body of `POST /v1/responses`."""

    only: ClassVar = {
        "tools": ([],),
        "tool_choice": ("none", "auto"),
        "top_logprobs": (0,),
        "conversation": (),
        "prompt": (),
    }

    input: Annotated[list[InputItem], BeforeValidator(_items)]
    text: Annotated[object, BeforeValidator(_text_options)] = None
    model: Identifier | None = None
    instructions: PlainText | None = None
    previous_response_id: Identifier | None = None
    store: bool = True
    background: bool = False
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    max_output_tokens: TokenLimit = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    script: ScriptBody | None = None

    def new_message(self, previous: Generation | None, referenced: Mapping[str, str | None]) -> NewMessage:
        """The request for the use case; `previous` is the response that it continues.

        `referenced` are the texts of the items that the input refers to, by their ids; None leaves one out.

        System and developer messages become the system prompt of a new conversation; `instructions` are for
        this response alone. Raises `InvalidRequestError`.
        """
        texts = [
            (item.role, referenced[item.id] if item.type == "item_reference" else item.content)
            for item in self.input
        ]
        messages = [PromptMessage(ROLES[role], text) for role, text in texts if text is not None]
        dialogue = [message for message in messages if message.role != "system"]
        if not dialogue or dialogue[-1].role != "user":
            raise InvalidRequestError("The last message of input must be a user's.", field="input")
        if self.background and not self.store:
            raise InvalidRequestError("background needs store: true.", field="background")
        system = [message.text for message in messages if message.role == "system"]
        own = [] if self.instructions is None else [self.instructions]
        if previous is not None:
            own, system = [*own, *system], []
        return NewMessage(
            message=dialogue[-1].text,
            earlier=tuple(dialogue[:-1]),
            conversation=None if previous is None else previous.conversation,
            parent=None if previous is None else previous.message,
            settings=Settings(self.model, "\n\n".join(system) or None),
            overrides=Settings(None, "\n\n".join(own) or None, self.temperature, self.max_output_tokens),
            sampling=Sampling(top_p=self.top_p),
            script=script_of(self.script),
            storage=Storage.STORED if self.store else Storage.EPHEMERAL,
        )

    @property
    def when_unread(self) -> WhenUnread | None:
        """What happens while nobody reads it; None means the configured default."""
        if self.background:
            return Keep()
        return None if self.store else StopAtOnce()


class ResponseQuery(Query):
    """The query of `GET /v1/responses/<id>`."""

    stream: bool = False
    starting_after: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    include_obfuscation: bool = False
