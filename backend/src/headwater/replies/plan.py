"""Plans replies: which branch a request continues, which model replies, and what the prompt is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from headwater.clock import now
from headwater.conversations.context import Fitted, fit
from headwater.conversations.model import (
    Conversation,
    GenerationRecord,
    Message,
    Settings,
    Storage,
    UnknownMessageError,
    plain,
)
from headwater.conversations.title import make_title
from headwater.errors import (
    ConflictError,
    InvalidRequestError,
    UnknownModelError,
)
from headwater.generation.kinds.text import text_of
from headwater.generation.parts import Event, settle
from headwater.generation.provider import Prompt, PromptMessage, Provider, Sampling
from headwater.ids import new_id
from headwater.providers.catalogue import Catalogue, Model, Source
from headwater.replies.active import ActiveReplies
from headwater.replies.requests import ROOT, NewMessage, Regenerate, ReplyRequest, Stateless, require_valid
from headwater.storage.conversations import ConversationRepository


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """Everything that is needed to start a reply.

    `new` are the messages to store, of which the last is the reply; `begins` is the conversation if it is
    new. For an ephemeral reply, the ids of the conversation and the messages do not exist in the database.
    """

    generation: GenerationRecord
    prompt: Prompt
    provider: Provider
    new: tuple[Message, ...] = ()
    begins: Conversation | None = None

    def title(self, reply: Iterable[Event]) -> str | None:
        """The title of a new conversation, from its question and the events of the reply."""
        return None if self.begins is None else make_title(self.new[0].text, text_of(settle(reply)))


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
        require_valid(request, self._max_message_chars)
        match request:
            case NewMessage():
                return await self._new_message(owner, request)
            case Regenerate():
                return await self._regenerate(owner, request)
            case Stateless():
                return await self._stateless(owner, request)

    async def _new_message(self, owner: str, request: NewMessage) -> ReplyPlan:
        if request.conversation is None:
            conversation: Conversation | None = None
            branch: tuple[Message, ...] = ()
            settings = request.settings
        else:
            parent = None if request.parent == ROOT else request.parent
            conversation, branch = await self._branch(owner, request.conversation, parent, "parent")
            branch = () if request.parent == ROOT else branch
            settings = _merge(request.settings, conversation.settings)
        written = _written(request, branch[-1].id if branch else None)
        if request.storage is Storage.EPHEMERAL:
            id_ = new_id("conv")
        else:
            id_ = (request.ids.conversation or new_id("conv")) if conversation is None else conversation.id
        settings = _override(request.overrides, settings)
        plan = await self._reply_to(owner, (*branch, *written), request, settings, id_, request.storage)
        begins = None
        if conversation is None:
            created, title = plan.generation.created_at, make_title(written[0].text)
            begins = Conversation(id_, title, created, created, settings=request.settings)
        return replace(plan, new=(*written, *plan.new), begins=begins)

    async def _regenerate(self, owner: str, request: Regenerate) -> ReplyPlan:
        conversation, branch = await self._branch(owner, request.conversation, request.message, "message")
        last, _ = await self._active.current(branch[-1])
        if last.generation is not None and last.outcome is None:
            raise ConflictError("This reply is still running; wait for its end.")
        settings = _merge(request.settings, conversation.settings)
        return await self._reply_to(owner, branch, request, settings, conversation.id)

    async def _stateless(self, owner: str, request: Stateless) -> ReplyPlan:
        model, source, name = await self._model(request.settings.model, request.script)
        conversation = request.conversation or new_id("conv")
        generation = _generation(owner, request, conversation, new_id("msg"), model, Storage.EPHEMERAL)
        prompt = _prompt(generation, name, request.messages, request, request.settings)
        return ReplyPlan(generation, prompt, source.provider)

    async def _reply_to(
        self,
        owner: str,
        path: tuple[Message, ...],
        request: NewMessage | Regenerate,
        settings: Settings,
        conversation: str,
        storage: Storage = Storage.STORED,
    ) -> ReplyPlan:
        """The plan of a reply to the last message of a path from the root."""
        model, source, name = await self._model(settings.model, request.script)
        fitted = await self._fit(path, model, settings)
        generation = _generation(owner, request, conversation, path[-1].id, model, storage)
        reply = Message(
            id=generation.message,
            parent=generation.parent,
            role="assistant",
            parts=(),
            created_at=generation.created_at,
            model=model.id,
            omitted=fitted.omitted,
        )
        prompt = _prompt(generation, name, fitted.messages, request, settings)
        return ReplyPlan(generation, prompt, source.provider, (reply,))

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


def _generation(
    owner: str, request: ReplyRequest, conversation: str, parent: str, model: Model, storage: Storage
) -> GenerationRecord:
    return GenerationRecord(
        id=request.ids.generation or new_id("gen"),
        owner=owner,
        conversation=conversation,
        message=request.ids.reply or new_id("msg"),
        parent=parent,
        model=model.id,
        created_at=now(),
        storage=storage,
    )


def _prompt(
    generation: GenerationRecord,
    model: str,
    messages: tuple[PromptMessage, ...],
    request: ReplyRequest,
    settings: Settings,
) -> Prompt:
    return Prompt(
        generation=generation.id,
        model=model,
        messages=messages,
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        options=request.script,
        sampling=Sampling() if isinstance(request, Regenerate) else request.sampling,
    )


def _merge(first: Settings, second: Settings) -> Settings:
    """The first settings, with the second ones for what is None."""
    given = {name: getattr(first, name) for name in Settings.__slots__}
    return replace(second, **{name: value for name, value in given.items() if value is not None})


def _override(overrides: Settings, settings: Settings) -> Settings:
    """The settings of one reply; the system prompt is that of the overrides, then that of the settings."""
    system = "\n\n".join(part for part in (overrides.system, settings.system) if part)
    return replace(_merge(overrides, settings), system=system or None)
