"""`/v1/chat/completions`: a reply for a client that keeps the conversation itself."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from quart import Blueprint, Response

from headwater.api.openai.errors import failed_reply
from headwater.api.openai.members import (
    ROLES,
    OpenAIBody,
    Penalty,
    Seed,
    Share,
    Stop,
    StreamOptions,
    TextContent,
    TokenLimit,
)
from headwater.api.principals import start
from headwater.api.requests import Identifier, ScriptBody, Temperature, read_json, script_of
from headwater.api.streaming import followed, json_response, located
from headwater.conversations.model import Settings
from headwater.generation.outcome import Completed
from headwater.generation.provider import PromptMessage, Sampling
from headwater.replies.active import Generation
from headwater.replies.requests import Stateless
from headwater.replies.service import Replies
from headwater.replies.unread import StopAtOnce
from headwater.transports.openai_chat import OpenAIChatEncoder, completion_object


class MessageBody(OpenAIBody):
    """One of `messages`."""

    only: ClassVar = {"audio": (), "function_call": (), "refusal": (), "tool_calls": ([],)}

    role: Literal["system", "developer", "user", "assistant"]
    content: TextContent = ""


class CompletionBody(OpenAIBody):
    """The body of `POST /v1/chat/completions`."""

    only: ClassVar = {
        "n": (1,),
        "tools": ([],),
        "tool_choice": ("none", "auto"),
        "functions": ([],),
        "function_call": ("none", "auto"),
        "logprobs": (False,),
        "top_logprobs": (0,),
        "logit_bias": ({},),
        "modalities": (["text"],),
        "audio": (),
        "response_format": ({"type": "text"},),
        "web_search_options": (),
    }

    messages: Annotated[list[MessageBody], Field(min_length=1)]
    model: Identifier | None = None
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    max_tokens: TokenLimit = None
    max_completion_tokens: TokenLimit = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    seed: Seed | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    stop: Stop = Field(default_factory=list)
    script: ScriptBody | None = None

    def stateless(self) -> Stateless:
        """The request for the use case."""
        limit = self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens
        return Stateless(
            messages=tuple(PromptMessage(ROLES[message.role], message.content) for message in self.messages),
            settings=Settings(self.model, None, self.temperature, limit),
            script=script_of(self.script),
            sampling=Sampling(
                self.top_p, self.seed, self.presence_penalty, self.frequency_penalty, tuple(self.stop)
            ),
        )


def completions_blueprint(replies: Replies) -> Blueprint:
    """The route of chat completions."""
    blueprint = Blueprint("completions", __name__)

    @blueprint.post("/chat/completions")
    async def complete() -> Response:
        body = await read_json(CompletionBody)
        generation = await start(replies, body.stateless(), when_unread=StopAtOnce())
        if not body.stream:
            return await _complete(replies, generation)
        usage = body.stream_options.include_usage
        return followed(replies, generation, OpenAIChatEncoder(generation, usage))

    return blueprint


async def _complete(replies: Replies, generation: Generation) -> Response:
    parts, outcome = await replies.finished(generation)
    if not isinstance(outcome.status, Completed):
        return located(failed_reply(outcome.status), generation)
    completion = completion_object(generation, parts, outcome.status.reason, outcome.usage)
    return located(json_response(completion), generation)
