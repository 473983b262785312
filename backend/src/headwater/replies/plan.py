"""Plans replies: which branch a request continues, which model replies, and what the prompt is."""

from dataclasses import dataclass, replace

from headwater.clock import now
from headwater.conversations.context import Fitted, fit
from headwater.conversations.model import (
    Conversation,
    Message,
    Settings,
    UnknownMessageError,
    plain,
)
from headwater.conversations.title import make_title
from headwater.errors import (
    ConflictError,
    InvalidRequestError,
    TooLargeError,
    UnknownModelError,
)
from headwater.generation.provider import Prompt, PromptMessage, Provider, Sampling
from headwater.ids import new_id
from headwater.providers.catalogue import Catalogue, Model, Source
from headwater.replies.active import ActiveReplies
from headwater.replies.requests import ROOT, NewMessage, Regenerate, ReplyRequest, Stateless, Storage
from headwater.storage.conversations import ConversationRepository


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """Everything that is needed to start a reply.

    `parent` is the id of the message that it replies to. `written` are the new messages that are stored
    before it. `begins` is the title and the settings of a new conversation. For an ephemeral reply, the ids
    of the conversation and the messages do not exist in the database.
    """

    conversation: str
    parent: str
    reply: Message
    prompt: Prompt
    provider: Provider
    storage: Storage
    written: tuple[Message, ...] = ()
    begins: tuple[str, Settings] | None = None

    @property
    def model(self) -> str:
        """The id of the model that replies."""
        return self.reply.model or ""

    def title(self, reply: str) -> str | None:
        """The title of a new conversation, from its question and the reply's text."""
        if self.begins is None:
            return None
        return make_title(self.written[0].text, reply)


class Planner:
    """Makes plans. Its methods raise a `ProblemError` if a request cannot be fulfilled."""

    def __init__(
        self,
        catalogue: Catalogue,
        conversations: ConversationRepository,
        active: ActiveReplies,
        max_message_chars: int,
    ) -> None:
        self._catalogue = catalogue
        self._conversations = conversations
        self._active = active
        self._max_message_chars = max_message_chars

    async def plan(self, owner: str, request: ReplyRequest) -> ReplyPlan:
        """The plan for an owner's request."""
        match request:
            case NewMessage():
                return await self._new_message(owner, request)
            case Regenerate():
                return await self._regenerate(owner, request)
            case Stateless():
                return await self._stateless(request)

    async def _new_message(self, owner: str, request: NewMessage) -> ReplyPlan:
        for message in request.earlier:
            self._check_length(message.text)
        if not request.message.strip():
            raise InvalidRequestError("message is blank; it takes some text.", field="message")
        self._check_length(request.message)
        if request.conversation is None:
            if request.parent is not None:
                raise InvalidRequestError("parent needs conversation as well.", field="parent")
            conversation: Conversation | None = None
            branch: tuple[Message, ...] = ()
            settings = request.settings
        else:
            if request.ids.conversation is not None:
                raise InvalidRequestError(
                    "ids.conversation is for a new conversation; leave it out.",
                    field="ids.conversation",
                )
            parent = None if request.parent == ROOT else request.parent
            conversation, branch = await self._branch(owner, request.conversation, parent, "parent")
            branch = () if request.parent == ROOT else branch
            settings = _merge(request.settings, conversation.settings)
        written = _written(request, branch[-1].id if branch else None)
        id_ = (request.ids.conversation or new_id("conv")) if conversation is None else conversation.id
        plan = await self._reply_to(
            (*branch, *written),
            request,
            _override(request.overrides, settings),
            conversation=id_,
            sampling=request.sampling,
        )
        if request.storage is Storage.EPHEMERAL:
            return replace(plan, conversation=new_id("conv"), storage=Storage.EPHEMERAL)
        begins = (make_title(written[0].text), request.settings) if conversation is None else None
        return replace(plan, written=written, begins=begins)

    async def _regenerate(self, owner: str, request: Regenerate) -> ReplyPlan:
        conversation, branch = await self._branch(owner, request.conversation, request.message, "message")
        last, _ = await self._active.current(branch[-1])
        if last.generation is not None and last.outcome is None:
            raise ConflictError("This reply is still running; wait for its end.")
        settings = _merge(request.settings, conversation.settings)
        return await self._reply_to(branch, request, settings, conversation=conversation.id)

    async def _stateless(self, request: Stateless) -> ReplyPlan:
        if not any(message.text.strip() for message in request.messages):
            raise InvalidRequestError("messages has no text to reply to.", field="messages")
        for message in request.messages:
            self._check_length(message.text, "messages")
        model, source, name = await self._model(request.settings.model, request.script)
        parent = new_id("msg")
        return ReplyPlan(
            conversation=request.conversation or new_id("conv"),
            parent=parent,
            reply=_reply(parent, model, request.ids.reply),
            prompt=_prompt(name, request.messages, request, request.settings, request.sampling),
            provider=source.provider,
            storage=Storage.EPHEMERAL,
        )

    async def _reply_to(
        self,
        path: tuple[Message, ...],
        request: NewMessage | Regenerate,
        settings: Settings,
        *,
        conversation: str,
        sampling: Sampling = Sampling(),  # noqa: B008 - frozen
    ) -> ReplyPlan:
        """The plan of a reply to the last message of a path from the root."""
        model, source, name = await self._model(settings.model, request.script)
        fitted = await self._fit(path, model, settings)
        return ReplyPlan(
            conversation=conversation,
            parent=path[-1].id,
            reply=_reply(path[-1].id, model, request.ids.reply, fitted.omitted),
            prompt=_prompt(name, fitted.messages, request, settings, sampling),
            provider=source.provider,
            storage=Storage.STORED,
        )

    def _check_length(self, message: str, field: str = "message") -> None:
        if len(message) > self._max_message_chars:
            raise TooLargeError(
                f"A message has {len(message)} characters; it may have {self._max_message_chars}.",
                field=field,
            )

    async def _model(self, id_: str | None, script: object) -> tuple[Model, Source, str]:
        """The model, its source and its name there."""
        id_ = id_ or await self._catalogue.default()
        offer = await self._catalogue.find(id_)
        if offer is None:
            raise UnknownModelError(f"There is no model {id_!r}; GET /api/models lists them.", field="model")
        model, source, name = offer
        if script is not None and source.name != "scripted":
            raise InvalidRequestError(
                f"script is for models that begin with scripted/, not for {id_!r}.", field="script"
            )
        return model, source, name

    async def _branch(
        self, owner: str, conversation: str, leaf: str | None, field: str
    ) -> tuple[Conversation, tuple[Message, ...]]:
        try:
            return await self._conversations.branch(owner, conversation, leaf)
        except UnknownMessageError as error:
            error.field = field
            raise

    async def _fit(self, path: tuple[Message, ...], model: Model, settings: Settings) -> Fitted:
        """The messages that fit into the prompt; a running reply counts with its text so far."""
        messages = [
            PromptMessage(message.role, message.text)
            for message in [(await self._active.current(message))[0] for message in path]
            if message.text.strip()
        ]
        if not messages:
            raise InvalidRequestError("There is no text to reply to yet.", field="message")
        return fit(messages, settings.system, model.context_window, settings.max_tokens)


def _written(request: NewMessage, parent: str | None) -> tuple[Message, ...]:
    """The messages that a request adds, one after another; the last one is its own."""
    texts = [(message.role, message.text) for message in request.earlier] + [("user", request.message)]
    ids = [new_id("msg") for _ in request.earlier] + [request.ids.message or new_id("msg")]
    messages: list[Message] = []
    for id_, (role, text) in zip(ids, texts, strict=True):
        if role == "system":
            raise ValueError("a system prompt is a setting, not a message")
        messages.append(Message(id_, parent, role, plain(text), now()))
        parent = id_
    return tuple(messages)


def _reply(parent: str, model: Model, id_: str | None, omitted: int = 0) -> Message:
    """The still empty message of a reply."""
    return Message(
        id=id_ or new_id("msg"),
        parent=parent,
        role="assistant",
        parts=(),
        created_at=now(),
        model=model.id,
        omitted=omitted,
    )


def _prompt(
    model: str,
    messages: tuple[PromptMessage, ...],
    request: ReplyRequest,
    settings: Settings,
    sampling: Sampling,
) -> Prompt:
    return Prompt(
        generation=request.ids.generation or new_id("gen"),
        model=model,
        messages=messages,
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        options=request.script,
        sampling=sampling,
    )


def _merge(first: Settings, second: Settings) -> Settings:
    """The first settings, with the second ones for what is None."""
    return Settings(
        model=first.model if first.model is not None else second.model,
        system=first.system if first.system is not None else second.system,
        temperature=first.temperature if first.temperature is not None else second.temperature,
        max_tokens=first.max_tokens if first.max_tokens is not None else second.max_tokens,
    )


def _override(overrides: Settings, settings: Settings) -> Settings:
    """The settings of one reply; the system prompt is that of the overrides, then that of the settings."""
    system = "\n\n".join(part for part in (overrides.system, settings.system) if part)
    return replace(_merge(overrides, settings), system=system or None)
