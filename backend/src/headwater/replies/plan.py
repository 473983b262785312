"""What a request for a reply means: which branch it goes on, which model answers, and what that is given."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from headwater.clock import now
from headwater.conversations.context import Fitted, fit
from headwater.conversations.model import (
    Conversation,
    Message,
    Settings,
    UnknownConversationError,
    UnknownMessageError,
)
from headwater.conversations.title import make_title
from headwater.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    TooLargeError,
    UnknownModelError,
)
from headwater.generation.provider import Prompt, Provider, Sampling, Turn
from headwater.ids import new_id
from headwater.providers.catalogue import Catalogue, Model, Source
from headwater.replies.active import Generations
from headwater.storage.conversations import ConversationRepository

_NO_SAMPLING = Sampling()

ROOT = "root"
"""In the place of a parent: the question is a beginning of the conversation."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. None leaves a member to its default; `parent` is the newest message then.

    The turns `earlier` were said elsewhere, between the parent and the question. The settings `alone` are for
    this reply, whatever those of its conversation are; their system prompt comes before the conversation's.
    Where nothing is to `keep`, no conversation knows of it.
    """

    message: str
    conversation: str | None = None
    parent: str | None = None
    model: str | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    script: object = None
    earlier: tuple[Turn, ...] = ()
    alone: Settings = Settings()  # noqa: RUF009 - frozen
    sampling: Sampling = Sampling()  # noqa: RUF009 - frozen
    keep: bool = True

    @property
    def settings(self) -> Settings:
        """What it names of a conversation's settings."""
        return Settings(self.model, self.system, self.temperature, self.max_tokens)


@dataclass(frozen=True, slots=True)
class AskAgain:
    """A request for another reply to a question, or for the continuation of a reply: to `message`."""

    conversation: str
    message: str
    settings: Settings = Settings()  # noqa: RUF009 - frozen
    script: object = None


@dataclass(frozen=True, slots=True)
class AskOnce:
    """A question with all that comes before it, from a client that keeps its conversations itself.

    Nothing of it is kept here once its log has left memory. `conversation` is the client's name for it, which
    is that of no kept one.
    """

    turns: tuple[Turn, ...]
    settings: Settings = Settings()  # noqa: RUF009 - frozen
    script: object = None
    sampling: Sampling = Sampling()  # noqa: RUF009 - frozen
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """All that a reply begins with.

    `parent` is the id of the message that it is a reply to; `asked` are the messages that are written before
    it, none where it is to one that is kept already. `new` has title and settings of a conversation that
    begins with it. Where it is not `kept`, the names of its conversation and messages lead nowhere.
    """

    conversation: str
    new: tuple[str, Settings] | None
    parent: str
    asked: tuple[Message, ...]
    reply: Message
    model: str
    provider: Provider
    prompt: Prompt
    kept: bool = True

    def title(self, said: str) -> str | None:
        """The title that the reply gives to a new conversation."""
        if self.new is None or not self.asked:
            return None
        return make_title(self.asked[0].text, said)


class Asking:
    """Finds out what requests mean. All of it raises the `ProblemError` that tells why not."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        conversations: ConversationRepository,
        generations: Generations,
        message_chars: int,
    ) -> None:
        self._catalogue = catalogue
        self._conversations = conversations
        self._generations = generations
        self._message_chars = message_chars

    async def beginning(self, client: str, ask: Ask | AskAgain | AskOnce) -> Beginning:
        """What a client's request begins with."""
        match ask:
            case Ask():
                return await self._ask(client, ask)
            case AskAgain():
                return await self._ask_again(client, ask)
            case AskOnce():
                return await self._ask_once(ask)

    async def _ask(self, client: str, ask: Ask) -> Beginning:
        for turn in ask.earlier:
            self._check_length(turn.text)
        self._check_message(ask.message)
        if ask.conversation is None:
            if ask.parent is not None:
                raise InvalidRequestError("parent needs the conversation that it is in.", field="parent")
            earlier: Conversation | None = None
            branch: tuple[Message, ...] = ()
            kept = Settings()
        else:
            parent = None if ask.parent == ROOT else ask.parent
            earlier, branch = await self._branch(client, ask.conversation, parent, "parent")
            branch = () if ask.parent == ROOT else branch
            kept = earlier.settings
        asked = _written((*ask.earlier, Turn("user", ask.message)), branch[-1].id if branch else None)
        settings = _with_own(ask.alone, _or(ask.settings, kept))
        begun = await self._beginning(earlier, branch, asked, ask, settings, ask.sampling)
        return begun if ask.keep else replace(begun, conversation=new_id("conv"), kept=False)

    async def _ask_again(self, client: str, ask: AskAgain) -> Beginning:
        conversation, branch = await self._branch(client, ask.conversation, ask.message, "message")
        last, _ = await self._generations.live(branch[-1])
        # Who follows its log knows of its end a moment before its row is written.
        runs = last.generation is not None and self._generations.is_running(last.generation)
        if runs and last.outcome is None:
            raise ConflictError("This reply still runs: there is nothing to go on from yet.")
        settings = _or(ask.settings, conversation.settings)
        return await self._beginning(conversation, branch, (), ask, settings)

    async def _ask_once(self, ask: AskOnce) -> Beginning:
        if not any(turn.text.strip() for turn in ask.turns):
            raise InvalidRequestError("messages say nothing that could be replied to.", field="messages")
        for turn in ask.turns:
            self._check_length(turn.text, "messages")
        model, source, name = await self._model(ask.settings.model, ask.script)
        parent = new_id("msg")
        return Beginning(
            conversation=ask.conversation or new_id("conv"),
            new=None,
            parent=parent,
            asked=(),
            reply=_reply_to(parent, model),
            model=model.id,
            provider=source.provider,
            prompt=_prompt(name, ask.turns, ask.settings, ask.script, ask.sampling),
            kept=False,
        )

    async def _beginning(
        self,
        earlier: Conversation | None,
        branch: tuple[Message, ...],
        asked: tuple[Message, ...],
        ask: Ask | AskAgain,
        settings: Settings,
        sampling: Sampling = _NO_SAMPLING,
    ) -> Beginning:
        """A reply to the last message of `(*branch, *asked)`."""
        model, source, name = await self._model(settings.model, ask.script)
        path = (*branch, *asked)
        fitted = await self._fitted(path, model, settings)
        return Beginning(
            conversation=new_id("conv") if earlier is None else earlier.id,
            new=(make_title(path[0].text), ask.settings) if earlier is None else None,
            parent=path[-1].id,
            asked=asked,
            reply=_reply_to(path[-1].id, model, fitted.left_out),
            model=model.id,
            provider=source.provider,
            prompt=_prompt(name, fitted.turns, settings, ask.script, sampling),
        )

    def _check_message(self, message: str) -> None:
        if not message.strip():
            raise InvalidRequestError("message is blank; it takes some text.", field="message")
        self._check_length(message)

    def _check_length(self, message: str, field: str = "message") -> None:
        if len(message) > self._message_chars:
            raise TooLargeError(
                f"A message has {len(message)} characters; it may have {self._message_chars}.", field=field
            )

    async def _model(self, named: str | None, script: object) -> tuple[Model, Source, str]:
        """The model, its source and its name there."""
        id_ = named or await self._catalogue.default()
        found = await self._catalogue.find(id_)
        if found is None:
            raise UnknownModelError(f"There is no model {id_!r}; GET /api/models lists them.", field="model")
        model, source, name = found
        if script is not None and source.name != "scripted":
            raise InvalidRequestError(
                f"script is for models that begin with scripted/, not for {id_!r}.", field="script"
            )
        return model, source, name

    async def _branch(
        self, client: str, conversation: str, leaf: str | None, field: str
    ) -> tuple[Conversation, tuple[Message, ...]]:
        try:
            return await self._conversations.branch(client, conversation, leaf)
        except UnknownConversationError:
            raise no_conversation(conversation) from None
        except UnknownMessageError:
            raise NotFoundError(f"The conversation has no message {leaf!r}.", field=field) from None

    async def _fitted(self, path: tuple[Message, ...], model: Model, settings: Settings) -> Fitted:
        """What the model is given of these messages; of a reply that still runs, what it has said so far."""
        turns = []
        for message in path:
            said, _ = await self._generations.live(message)
            if said.text.strip():
                turns.append(Turn(said.role, said.text))
        if not turns:
            raise InvalidRequestError("Nothing has been said yet that could be replied to.", field="message")
        return fit(turns, settings.system, model.context_window, settings.max_tokens)


def _written(turns: Iterable[Turn], parent: str | None) -> tuple[Message, ...]:
    """Turns as messages that come one after the other."""
    messages: list[Message] = []
    for turn in turns:
        if turn.role == "system":
            raise ValueError("what the system says is a setting, not a message")
        message = Message(new_id("msg"), parent, turn.role, turn.text, now())
        messages.append(message)
        parent = message.id
    return tuple(messages)


def _reply_to(parent: str, model: Model, left_out: int = 0) -> Message:
    """The message that a reply is to become."""
    return Message(
        id=new_id("msg"),
        parent=parent,
        role="assistant",
        text="",
        created_at=now(),
        model=model.id,
        left_out=left_out,
    )


def _prompt(
    model: str,
    turns: tuple[Turn, ...],
    settings: Settings,
    script: object,
    sampling: Sampling = _NO_SAMPLING,
) -> Prompt:
    return Prompt(
        generation=new_id("gen"),
        model=model,
        turns=turns,
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        options=script,
        sampling=sampling,
    )


def _or(first: Settings, second: Settings) -> Settings:
    """Settings of which the first count where they are given."""
    return Settings(
        model=first.model if first.model is not None else second.model,
        system=first.system if first.system is not None else second.system,
        temperature=first.temperature if first.temperature is not None else second.temperature,
        max_tokens=first.max_tokens if first.max_tokens is not None else second.max_tokens,
    )


def _with_own(own: Settings, settings: Settings) -> Settings:
    """Settings of a reply that has some of its own."""
    system = "\n\n".join(part for part in (own.system, settings.system) if part)
    return replace(_or(own, settings), system=system or None)


def no_conversation(name: str) -> NotFoundError:
    """The refusal of a conversation that the client does not have."""
    return NotFoundError(f"There is no conversation {name!r} (any more).", field="conversation")
