"""Actions: what a frame of a WebSocket or a message of gRPC may ask for."""

import json
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from headwater.api.requests import Body, ChatBody, IdempotencyKey, Identifier, ReplyBody, validated
from headwater.errors import InvalidRequestError
from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor
from headwater.identity.identify import Principal
from headwater.replies.active import Generation
from headwater.replies.requests import NewMessage, Regenerate, StartOptions
from headwater.replies.service import Replies

RequestName = Annotated[str, Field(max_length=200)]


class ChatAction(ChatBody):
    """Start a reply, as `POST /api/chat` does."""

    action: Literal["chat"]
    request: RequestName | None = None
    idempotency_key: IdempotencyKey | None = None

    def reply_request(self) -> NewMessage:
        """The request for the use case."""
        return self.new_message()


class ReplyAction(ReplyBody):
    """Start another reply to a message, or continue one, as `POST …/messages/<to>/replies` does."""

    action: Literal["reply"]
    conversation: Identifier
    to: Identifier
    request: RequestName | None = None
    idempotency_key: IdempotencyKey | None = None

    def reply_request(self) -> Regenerate:
        """The request for the use case."""
        return self.regenerate(self.conversation, self.to)


class FollowAction(Body):
    """Follow a generation from a cursor."""

    action: Literal["follow"]
    generation: Identifier
    after: Annotated[int, Field(ge=0, lt=10**15)] = 0
    request: RequestName | None = None


class CancelAction(Body):
    """Stop a generation."""

    action: Literal["cancel"]
    generation: Identifier
    request: RequestName | None = None


class ChangesAction(Body):
    """Be told which conversations change, as `GET /api/conversations/events` tells."""

    action: Literal["changes"]
    request: RequestName | None = None


Action: TypeAlias = ChatAction | ReplyAction | FollowAction | CancelAction | ChangesAction

_ACTIONS: dict[str, type[Action]] = {
    "chat": ChatAction,
    "reply": ReplyAction,
    "follow": FollowAction,
    "cancel": CancelAction,
    "changes": ChangesAction,
}

CHAT_EVENT = "chat_message"
_EVENTS = {CHAT_EVENT if action == "chat" else action: action for action in _ACTIONS}
"""The actions by the names that they have as events of Socket.IO."""


class _Head(BaseModel):
    """The members that say which action it is, and how the client names it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    action: str
    request: RequestName | None = None


async def opened(
    replies: Replies, principal: Principal, action: ChatAction | ReplyAction | FollowAction, arrived: float
) -> tuple[Generation, Cursor]:
    """The generation that an action starts or follows, and the cursor to follow it from.

    `arrived` is the time of the action on the clock of the event loop. Raises `ProblemError`.
    """
    if isinstance(action, FollowAction):
        generation = await replies.find(principal, action.generation)
        return generation, await replies.resume(generation, action.after)
    options = StartOptions(action.idempotency_key, arrived)
    return await replies.start(principal, action.reply_request(), options), 0


class UnreadableActionError(Exception):
    """A frame is not an action. `request` is the client's own name for it, if that could be read."""

    def __init__(self, reason: InvalidRequestError, request: str | None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.request = request


def read_action(frame: str | bytes | None) -> Action:
    """Parse a frame. Raises `UnreadableActionError`."""
    request: str | None = None
    try:
        text = _text(frame)
        head = validated(_Head, text)
        request = head.request
        return validated(_model(head.action), text)
    except InvalidRequestError as error:
        raise UnreadableActionError(error, request) from None


def read_event(event: str, data: tuple[object, ...]) -> Action:
    """Parse an event of Socket.IO: `chat_message` with a text or an object, or another action by its name.

    Raises `UnreadableActionError`.
    """
    try:
        frame = _frame(event, data)
    except InvalidRequestError as error:
        raise UnreadableActionError(error, None) from None
    return read_action(frame)


def _frame(event: str, data: tuple[object, ...]) -> str:
    """The frame of a WebSocket that an event stands for."""
    if event not in _EVENTS:
        raise InvalidRequestError(f"There is no event {event!r} here; emit one of {', '.join(_EVENTS)}.")
    match data:
        case [str(message)] if event == CHAT_EVENT:
            members: JsonObject = {"message": message}
        case [dict(members)]:
            pass
        case _:
            raise InvalidRequestError(f"{event} takes one argument: a JSON object.")
    try:
        return json.dumps({**members, "action": _EVENTS[event]})
    except RecursionError:
        raise InvalidRequestError("The members are nested too deeply.") from None


def _text(frame: str | bytes | None) -> bytes:
    if isinstance(frame, str):
        return frame.encode()
    raise InvalidRequestError("A frame takes text: one JSON object.")


def _model(action: str) -> type[Action]:
    if action in _ACTIONS:
        return _ACTIONS[action]
    raise InvalidRequestError(f"action takes one of {', '.join(_ACTIONS)}.", field="action")
