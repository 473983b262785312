"""`/api/ui-message-stream`: a reply for the AI SDK's `useChat`, which keeps the conversation in the page."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from quart import Blueprint, Response

from headwater.api.principals import principal, start
from headwater.api.requests import (
    Identifier,
    PlainText,
    ReplyOptions,
    read_json,
    script_of,
)
from headwater.api.streaming import followed, refuse_head
from headwater.generation.provider import PromptMessage
from headwater.replies.active import Generation
from headwater.replies.requests import Stateless
from headwater.replies.service import Replies
from headwater.transports.ui_message import UiMessageEncoder

PROTOCOL = {"x-vercel-ai-ui-message-stream": "v1"}


def _text(parts: Any) -> Any:  # noqa: ANN401
    """The text of a message's parts, without those that are not for a model, such as steps and data."""
    if not isinstance(parts, list):
        raise PydanticCustomError("parts", "Input takes a list of parts")
    texts: list[str] = []
    for part in parts:
        kind, text = (part.get("type"), part.get("text")) if isinstance(part, dict) else (None, None)
        if kind == "text" and isinstance(text, str):
            texts.append(text)
        elif kind in {"text", "file"} or not isinstance(kind, str):
            raise PydanticCustomError("parts", "Input takes only parts of text; files are not supported")
    return "".join(texts)


class UiMessage(BaseModel):
    """One of `messages`: only the role and the parts count."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    role: Literal["system", "user", "assistant"]
    parts: Annotated[PlainText, BeforeValidator(_text)]


class UiMessagesBody(ReplyOptions):
    """The body of `POST /api/ui-message-stream`: what the AI SDK sends, and members that a page may add."""

    id: Identifier
    messages: Annotated[list[UiMessage], Field(min_length=1)]
    trigger: Literal["submit-message", "regenerate-message"] | None = None
    messageId: Identifier | None = None  # noqa: N815 - its name on the wire

    def stateless(self) -> Stateless:
        """The request for the use case."""
        system = [PromptMessage("system", self.system)] if self.system else []
        messages = [PromptMessage(message.role, message.parts) for message in self.messages if message.parts]
        return Stateless(
            messages=(*system, *messages),
            settings=replace(self.settings, system=None),
            script=script_of(self.script),
            conversation=_conversation(self.id),
        )


def ui_messages_blueprint(replies: Replies) -> Blueprint:
    """The routes that start a reply and resume a running one."""
    blueprint = Blueprint("ui_messages", __name__, url_prefix="/api/ui-message-stream")

    @blueprint.post("")
    async def post() -> Response:
        body = await read_json(UiMessagesBody)
        return _streamed(replies, await start(replies, body.stateless()))

    @blueprint.get("/<path:name>/stream")
    async def resume(name: str) -> Response:
        refuse_head()
        running = await replies.running_in(principal(), _conversation(name))
        return Response(status=204) if running is None else _streamed(replies, running)

    return blueprint


def _streamed(replies: Replies, generation: Generation) -> Response:
    response = followed(replies, generation, UiMessageEncoder(generation))
    response.headers.extend(PROTOCOL)
    return response


def _conversation(chat_id: str) -> str:
    """The conversation for a chat id of the page; never the id of a stored conversation."""
    return f"ui:{chat_id}"
