"""The bodies and queries of `/v1/responses`."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from headwater.api.openai.members import ROLES, OpenAIBody, Share, StreamOptions, TextContent
from headwater.api.requests import Identifier, PlainText, Query, ScriptBody, Temperature, Tokens, script_of
from headwater.conversations.model import Settings, Storage
from headwater.errors import InvalidRequestError
from headwater.generation.provider import PromptMessage, Sampling
from headwater.replies.active import Generation
from headwater.replies.readers import Keep, StopAtOnce, WhenUnread
from headwater.replies.requests import NewMessage


class InputMessage(OpenAIBody):
    """One item of `input`."""

    ignored = frozenset({"id", "phase", "status"})
    only: ClassVar = {}

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: TextContent


def _messages(value: object) -> object:
    """The messages of the input, without reasoning, which is not sent to the model again."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list):
        return value
    return [item for item in value if not (isinstance(item, dict) and item.get("type") == "reasoning")]


class ResponseBody(OpenAIBody):
    """The body of `POST /v1/responses`."""

    ignored = frozenset(
        {
            "max_tool_calls", "metadata", "parallel_tool_calls", "prompt_cache_key", "prompt_cache_options",
            "prompt_cache_retention", "safety_identifier", "service_tier", "truncation", "user",
        }
    )  # fmt: skip
    only: ClassVar = {
        "tools": ([],),
        "tool_choice": ("none", "auto"),
        "text": ({}, {"format": {"type": "text"}}),
        "reasoning": ({},),
        "include": ([],),
        "top_logprobs": (0,),
        "conversation": (),
        "prompt": (),
        "context_management": ([],),
        "moderation": (),
        "image": (),
    }

    input: Annotated[list[InputMessage], BeforeValidator(_messages)]
    model: Identifier | None = None
    instructions: PlainText | None = None
    previous_response_id: Identifier | None = None
    store: bool = True
    background: bool = False
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    max_output_tokens: Tokens | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    script: ScriptBody | None = None

    def new_message(self, previous: Generation | None) -> NewMessage:
        """The request for the use case; `previous` is the response that it continues.

        System and developer messages become the system prompt of a new conversation; `instructions` are for
        this response alone. Raises `InvalidRequestError`.
        """
        messages = [PromptMessage(ROLES[message.role], message.content) for message in self.input]
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
