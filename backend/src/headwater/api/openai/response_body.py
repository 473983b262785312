"""What `/v1/responses` takes."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from headwater.api.openai.members import ROLES, OpenAIBody, Share, StreamOptions, TextContent
from headwater.api.requests import Identifier, PlainText, Query, ScriptBody, Temperature, Tokens
from headwater.conversations.model import Settings
from headwater.errors import InvalidRequestError
from headwater.generation.provider import PromptMessage, Sampling
from headwater.replies.active import Generation
from headwater.replies.readers import Keep, StopAtOnce, WhenUnread
from headwater.replies.requests import NewMessage, Storage


class InputMessage(OpenAIBody):
    """One item of `input`."""

    ignored = frozenset({"id", "phase", "status"})
    only: ClassVar = {}

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: TextContent


def _messages(given: object) -> object:
    """Items that are messages; what a model thought is not given to it again."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        return given
    return [item for item in given if not (isinstance(item, dict) and item.get("type") == "reasoning")]


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
        """The same, as the use case takes it; `previous` is the response that it continues.

        What the input says as system or developer becomes the system prompt of a conversation that begins
        with it; `instructions` are for this response alone. Raises `InvalidRequestError`.
        """
        messages = [PromptMessage(ROLES[message.role], message.content) for message in self.input]
        spoken = [message for message in messages if message.role != "system"]
        if not spoken or spoken[-1].role != "user":
            raise InvalidRequestError("input takes a user's message as its last.", field="input")
        if self.background and not self.store:
            raise InvalidRequestError("background needs a response that is stored.", field="background")
        system = [message.text for message in messages if message.role == "system"]
        own = [] if self.instructions is None else [self.instructions]
        if previous is not None:
            own, system = [*own, *system], []
        return NewMessage(
            message=spoken[-1].text,
            earlier=tuple(spoken[:-1]),
            conversation=None if previous is None else previous.conversation,
            parent=None if previous is None else previous.message,
            settings=Settings(self.model, "\n\n".join(system) or None),
            overrides=Settings(None, "\n\n".join(own) or None, self.temperature, self.max_output_tokens),
            sampling=Sampling(top_p=self.top_p),
            script=None if self.script is None else self.script.script(),
            storage=Storage.STORED if self.store else Storage.EPHEMERAL,
        )

    @property
    def when_unread(self) -> WhenUnread | None:
        """What happens when nobody reads it; None is the same as with any other reply."""
        if self.background:
            return Keep()
        return None if self.store else StopAtOnce()


class ResponseQuery(Query):
    """The query of `GET /v1/responses/<id>`."""

    stream: bool = False
    starting_after: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    include_obfuscation: bool = False
