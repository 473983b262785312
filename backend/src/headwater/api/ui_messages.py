"""`/api/ui-message-stream`: a reply for the AI SDK's `useChat`, which keeps the conversation itself."""

import asyncio
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from quart import Blueprint, Response, request
from quart_rate_limiter import rate_limit
from werkzeug.exceptions import MethodNotAllowed

from headwater.api.rate_limits import StartLimiter
from headwater.api.requests import Body, Identifier, PlainText, ScriptBody, Temperature, Tokens, read_json
from headwater.api.streaming import followed
from headwater.conversations.model import Settings
from headwater.generation.provider import Turn
from headwater.identity.identify import client, current_client
from headwater.replies.active import Generation
from headwater.replies.plan import AskOnce
from headwater.replies.service import Chat
from headwater.transports.ui_message import UiMessageEncoder

PROTOCOL = {"x-vercel-ai-ui-message-stream": "v1"}


def _text(parts: Any) -> Any:  # noqa: ANN401
    """What a message's parts say; what is not for a model (steps, data, reasoning) is passed over."""
    if not isinstance(parts, list):
        raise PydanticCustomError("parts", "Input takes a list of parts")
    said: list[str] = []
    for part in parts:
        kind, text = (part.get("type"), part.get("text")) if isinstance(part, dict) else (None, None)
        if kind == "text" and isinstance(text, str):
            said.append(text)
        elif kind in {"text", "file"} or not isinstance(kind, str):
            raise PydanticCustomError("parts", "Input takes parts that are text; files cannot be read here")
    return "".join(said)


class UiMessage(BaseModel):
    """One of `messages`: the role and the parts count, the rest is the page's own."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    role: Literal["system", "user", "assistant"]
    parts: Annotated[PlainText, BeforeValidator(_text)]


class UiMessagesBody(Body):
    """The body of `POST /api/ui-message-stream`: what the AI SDK sends, and what a page may add to it."""

    id: Identifier
    messages: Annotated[list[UiMessage], Field(min_length=1)]
    trigger: Literal["submit-message", "regenerate-message"] | None = None
    messageId: Identifier | None = None  # noqa: N815 - its name on the wire
    model: Identifier | None = None
    system: PlainText | None = None
    temperature: Temperature | None = None
    max_tokens: Tokens | None = None
    script: ScriptBody | None = None

    def ask(self) -> AskOnce:
        """The same, as the use case takes it."""
        system = [Turn("system", self.system)] if self.system else []
        said = [Turn(message.role, message.parts) for message in self.messages if message.parts]
        return AskOnce(
            turns=(*system, *said),
            settings=Settings(self.model, None, self.temperature, self.max_tokens),
            script=None if self.script is None else self.script.script(),
            conversation=_conversation(self.id),
        )


def ui_messages_blueprint(chat: Chat, limiter: StartLimiter) -> Blueprint:
    """The routes that start a reply, and that find the one which runs again."""
    blueprint = Blueprint("ui_messages", __name__, url_prefix="/api/ui-message-stream")

    @blueprint.post("")
    @rate_limit(limits=[limiter.limit()])
    async def start() -> Response:
        arrived = asyncio.get_running_loop().time()
        body = await read_json(UiMessagesBody)
        generation = await chat.start(
            client(), body.ask(), counted_as=current_client().counted_as, arrived=arrived
        )
        return _streamed(chat, generation)

    @blueprint.get("/<path:name>/stream")
    async def resume(name: str) -> Response:
        if request.method == "HEAD":
            raise MethodNotAllowed(["GET"])  # there is no head of what does not end
        found = [each for each in chat.running_in(_conversation(name)) if each.client == client()]
        return _streamed(chat, found[-1]) if found else Response(status=204)

    return blueprint


def _streamed(chat: Chat, generation: Generation) -> Response:
    response = followed(chat, generation, UiMessageEncoder())
    response.headers.extend(PROTOCOL)
    return response


def _conversation(chat: str) -> str:
    """What the page's own name of a chat is here: never the id of a conversation that is kept."""
    return f"ui:{chat}"
