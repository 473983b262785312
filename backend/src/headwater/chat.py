"""The use cases of replies: start one, follow it, look at it, cancel it, drain at shutdown."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from time import time

from headwater.conversations.changes import Changes
from headwater.conversations.context import Fitted, fit
from headwater.conversations.model import (
    Conversation,
    Message,
    Reply,
    Settings,
    UnknownConversationError,
    UnknownMessageError,
)
from headwater.conversations.replies import ReplyRepository
from headwater.conversations.repository import ConversationRepository, NewReply
from headwater.conversations.title import make_title
from headwater.errors import (
    ConflictError,
    CursorConflictError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    RateLimitedError,
    ShuttingDownError,
    TooLargeError,
    UnknownModelError,
)
from headwater.generation.events import Cancelled, Interrupted, Outcome
from headwater.generation.fold import Content, unfold
from headwater.generation.log import Cursor, CursorAheadError, Log, Page, follow
from headwater.generation.provider import Prompt, Turn
from headwater.generation.readers import Readers
from headwater.generation.runner import Limits, Runner
from headwater.generations import Generation, Generations, Run, Snapshot
from headwater.idempotency import KeyReusedError, Once
from headwater.ids import new_id
from headwater.providers.catalogue import Catalogue, Model, Source
from headwater.saving import Saving
from headwater.transports.wire import outcome_object, parse_outcome

SAVE_TIMEOUT = 2.0
"""Seconds that interrupted replies get at shutdown to be saved whole; the next start finds the others."""

ROOT = "root"
"""In the place of a parent: the question is a beginning of the conversation."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. None leaves a member to its default; `parent` is the newest message then."""

    message: str
    conversation: str | None = None
    parent: str | None = None
    model: str | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    script: object = None

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
class ChatLimits:
    """How much is taken at once; `abandon_after`, `heartbeat` and `window` (the pace) in seconds."""

    message_chars: int
    active: int
    active_per_client: int
    abandon_after: float
    window: float
    heartbeat: float


class Chat:
    """Runs generations, each in a task of its own, from `start()` to the outcome."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        conversations: ConversationRepository,
        replies: ReplyRepository,
        changes: Changes,
        new_log: Callable[[], Log],
        limits: ChatLimits,
        run_limits: Limits,
    ) -> None:
        self.catalogue = catalogue
        self._conversations = conversations
        self._replies = replies
        self._changes = changes
        self._new_log = new_log
        self._limits = limits
        self._run_limits = run_limits
        self.generations = Generations()
        self.saving = Saving(self.generations, replies)
        self._once: Once[str] = Once()
        self.draining = False

    async def reconcile(self) -> None:
        """Close what an earlier process left open, with the text that was saved of it."""
        await self._replies.close_orphans(outcome_object(AFTER_CRASH))

    async def start(self, client: str, ask: Ask | AskAgain, key: str | None = None) -> Generation:
        """Start a reply; with an idempotency key, at most once per client and key.

        Raises the `ProblemError` that tells why not; `NotFoundError` for a key whose reply is not kept any
        more, because it must not run again.
        """
        if key is None:
            return await self._start(client, ask)

        async def start() -> str:
            return (await self._start(client, ask)).id

        try:
            name = await self._once.do((client, key), _fingerprint(ask), start)
        except KeyReusedError:
            raise ConflictError("This Idempotency-Key was already used for another request.") from None
        return await self.find(client, name)

    async def find(self, client: str, generation: str) -> Generation:
        """A client's generation: in memory, or as its row has it.

        Raises `NotFoundError`, also when it is another client's.
        """
        found = self.generations.get(generation)
        if found is not None and found.client == client:
            return found
        reply = await self._replies.find(client, generation)
        if reply is None:
            raise NotFoundError(f"There is no generation {generation!r} (any more).")
        return await self._from_row(reply)

    async def seek(self, generation: Generation, after: Cursor) -> Cursor:
        """Where a reader who has seen so much goes on.

        That is the same place, but for what a crash took: then it is the end. Raises `CursorConflictError`.
        """
        try:
            await generation.log.read(after)
        except CursorAheadError as error:
            end = await generation.log.read(error.end)
            if end.outcome == AFTER_CRASH:
                return error.end
            raise CursorConflictError(f"Here {error}.") from None
        return after

    async def follow(self, generation: Generation, after: Cursor) -> AsyncGenerator[Page, None]:
        """The pages after a cursor, up to the outcome; an empty page is a heartbeat.

        Counts as a reader for as long as it is iterated. Raises `CursorAheadError`.
        """
        window, idle = self._limits.window, self._limits.heartbeat
        with self._reading(generation):
            async with aclosing(follow(generation.log, after, window=window, idle=idle)) as pages:
                async for page in pages:
                    yield page

    async def page(self, generation: Generation, after: Cursor, wait: float) -> Page:
        """One page after a cursor, held up to `wait` seconds until there is something new.

        Raises `CursorConflictError`.
        """
        after = await self.seek(generation, after)
        with self._reading(generation):
            try:
                async with asyncio.timeout(wait):
                    await generation.log.changed(after)
            except TimeoutError:
                return Page((), after)
            return await generation.log.read(after)

    async def finished(self, generation: Generation) -> tuple[Content, Outcome]:
        """Wait for the outcome, counting as a reader."""
        async with aclosing(self.follow(generation, 0)) as pages:
            async for page in pages:
                if page.outcome is not None:
                    return (await generation.snapshot()).content, page.outcome
        raise AssertionError("a log is followed until its outcome")

    async def cancel(self, generation: Generation) -> Snapshot:
        """Stop a generation, as its reader wishes; returns how it stood before."""
        snapshot = await generation.snapshot()
        if run := self.generations.running.get(generation):
            run.runner.stop(Cancelled("user"))
        return snapshot

    def busy(self) -> set[str]:
        """The conversations in which replies run."""
        return {generation.conversation for generation in self.generations.running}

    def running_in(self, conversation: str) -> list[Generation]:
        """The replies of a conversation that run."""
        return [
            generation for generation in self.generations.running if generation.conversation == conversation
        ]

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109 - a deadline, not a cancellation
        """Take no new replies, give the running ones `timeout` seconds, then interrupt them."""
        self.draining = True
        if running := self._running_tasks():
            await asyncio.wait(running, timeout=timeout)
        for run in self.generations.running.values():
            run.runner.stop(Interrupted())
        if running := self._running_tasks():
            await asyncio.wait(running, timeout=SAVE_TIMEOUT)
        self._changes.close()

    def _running_tasks(self) -> list[asyncio.Task[None]]:
        return [run.task for run in self.generations.running.values()]

    async def _start(self, client: str, ask: Ask | AskAgain) -> Generation:
        self._admit(client)
        match ask:
            case Ask():
                return await self._ask(client, ask)
            case AskAgain():
                return await self._ask_again(client, ask)

    async def _ask(self, client: str, ask: Ask) -> Generation:
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
        question = Message(
            id=new_id("msg"),
            parent=branch[-1].id if branch else None,
            role="user",
            text=ask.message,
            created_at=now(),
        )
        return await self._begin(client, earlier, branch, question, ask, _or(ask.settings, kept))

    async def _ask_again(self, client: str, ask: AskAgain) -> Generation:
        conversation, branch = await self._branch(client, ask.conversation, ask.message, "message")
        if branch[-1].generation is not None and self._is_running(branch[-1].generation):
            raise ConflictError("This reply still runs: there is nothing to go on from yet.")
        return await self._begin(
            client, conversation, branch, None, ask, _or(ask.settings, conversation.settings)
        )

    async def _begin(
        self,
        client: str,
        earlier: Conversation | None,
        branch: tuple[Message, ...],
        question: Message | None,
        ask: Ask | AskAgain,
        settings: Settings,
    ) -> Generation:
        """Start a reply to the last message of `(*branch, question)`."""
        model, source, name = await self._model(settings.model, ask.script)
        conversation = earlier.id if earlier is not None else new_id("conv")
        path = branch if question is None else (*branch, question)
        fitted = await self._fitted(path, model, settings)
        prompt = Prompt(
            new_id("gen"), name, fitted.turns, settings.temperature, settings.max_tokens, ask.script
        )
        reply = Message(
            id=new_id("msg"),
            parent=path[-1].id,
            role="assistant",
            text="",
            created_at=now(),
            model=model.id,
            left_out=fitted.left_out,
        )
        new = None if earlier is not None else (make_title(path[0].text), ask.settings)
        runner = Runner(log := self._new_log(), source.provider, prompt, self._run_limits)
        generation = Generation(prompt.generation, client, conversation, reply.id, path[-1].id, model.id, log)
        readers = Readers(self._limits.abandon_after, lambda: runner.stop(Cancelled("abandoned")))
        begin = self._conversations.begin(client, conversation, NewReply(reply, generation.id), question, new)
        # Nothing waits between being admitted and being counted. The task begins the rows as well, so that a
        # client who goes away in the middle leaves either all of a reply or nothing.
        self._admit(client)
        begun = asyncio.get_running_loop().create_future()
        first = path[0].text if earlier is None else None
        task = asyncio.create_task(
            self._run(generation, runner, readers, begin, begun, first), name=generation.id
        )
        self.generations.add(generation, Run(runner, readers, task))
        try:
            await asyncio.shield(begun)
        except UnknownConversationError:
            raise _no_conversation(conversation) from None
        return generation

    def _check_message(self, message: str) -> None:
        if not message.strip():
            raise InvalidRequestError("message is blank; it takes some text.", field="message")
        if len(message) > self._limits.message_chars:
            raise TooLargeError(
                f"message has {len(message)} characters; it may have {self._limits.message_chars}.",
                field="message",
            )

    async def _model(self, named: str | None, script: object) -> tuple[Model, Source, str]:
        """The model, its source and its name there."""
        id_ = named or await self.catalogue.default()
        found = await self.catalogue.find(id_)
        if found is None:
            raise UnknownModelError(f"There is no model {id_!r}; GET /api/models lists them.", field="model")
        model, source, name = found
        if script is not None and source.name != "scripted":
            raise InvalidRequestError(
                f"script is for models that begin with scripted/, not for {id_!r}.", field="script"
            )
        return model, source, name

    def _admit(self, client: str) -> None:
        if self.draining:
            raise ShuttingDownError("The server is about to stop; ask again in a moment.", retry_after=5)
        if len(self.generations.running) >= self._limits.active:
            raise OverloadedError(
                f"{self._limits.active} replies are running, which is the most at once.", retry_after=2
            )
        mine = sum(generation.client == client for generation in self.generations.running)
        if mine >= self._limits.active_per_client:
            raise RateLimitedError(
                f"{mine} of your replies are running, which is the most at once; wait for one to end.",
                retry_after=2,
            )

    async def _branch(
        self, client: str, conversation: str, leaf: str | None, field: str
    ) -> tuple[Conversation, tuple[Message, ...]]:
        try:
            return await self._conversations.branch(client, conversation, leaf)
        except UnknownConversationError:
            raise _no_conversation(conversation) from None
        except UnknownMessageError:
            raise NotFoundError(f"The conversation has no message {leaf!r}.", field=field) from None

    async def _fitted(self, path: tuple[Message, ...], model: Model, settings: Settings) -> Fitted:
        """What the model is given of these messages; of a reply that still runs, what it has said so far."""
        turns = []
        for message in path:
            said, _ = await self.live(message)
            if said.text.strip():
                turns.append(Turn(said.role, said.text))
        return fit(turns, settings.system, model.context_window, settings.max_tokens)

    async def live(self, message: Message) -> tuple[Message, Cursor]:
        """A message as it is now, and the end of its log, which has the text until the row is written."""
        generation = None if message.generation is None else self.generations.get(message.generation)
        if generation is None or message.outcome is not None:
            return message, 0
        said = await generation.snapshot()
        outcome = None if said.outcome is None else outcome_object(said.outcome)
        now = replace(message, text=said.content.text, reasoning=said.content.reasoning, outcome=outcome)
        return now, said.cursor

    def _is_running(self, generation: str) -> bool:
        found = self.generations.get(generation)
        return found is not None and found in self.generations.running

    def _reading(self, generation: Generation) -> AbstractContextManager[None]:
        run = self.generations.running.get(generation)
        return nullcontext() if run is None else run.readers.reading()

    async def _from_row(self, reply: Reply) -> Generation:
        log = self._new_log()
        end = await log.append(0, tuple(unfold(reply.content, reply.shape)))
        await log.close(end, parse_outcome(reply.outcome))
        return Generation(
            reply.generation, reply.client, reply.conversation, reply.message, reply.parent, reply.model, log
        )

    async def _run(
        self,
        generation: Generation,
        runner: Runner,
        readers: Readers,
        begin: Awaitable[None],
        begun: asyncio.Future[None],
        first_question: str | None,
    ) -> None:
        """Begin the rows, write the log to its end, then close the rows."""
        try:
            await begin
        except BaseException as error:  # noqa: BLE001 - it is the starter's
            readers.close()
            self.generations.drop(generation)
            begun.set_exception(error)
            return
        begun.set_result(None)
        self._changes.announce(generation.client, generation.conversation)
        try:
            await runner.run()
        finally:
            readers.close()
            snapshot = await generation.snapshot()
            title = make_title(first_question, snapshot.content.text) if first_question is not None else None
            await self.saving.close(generation, snapshot, title)
            self.generations.close(generation, snapshot)
        self._changes.announce(generation.client, generation.conversation)


AFTER_CRASH = Outcome(Interrupted())
"""How a reply ended whose writer went away without a word: nothing was measured of it."""


def now() -> int:
    """The time in milliseconds since 1970."""
    return int(time() * 1000)


def _or(first: Settings, second: Settings) -> Settings:
    """Settings of which the first count where they are given."""
    return Settings(
        model=first.model if first.model is not None else second.model,
        system=first.system if first.system is not None else second.system,
        temperature=first.temperature if first.temperature is not None else second.temperature,
        max_tokens=first.max_tokens if first.max_tokens is not None else second.max_tokens,
    )


def _no_conversation(name: str) -> NotFoundError:
    return NotFoundError(f"There is no conversation {name!r} (any more).", field="conversation")


def _fingerprint(ask: Ask | AskAgain) -> bytes:
    """Tells requests apart without keeping them: a key outlives its reply."""
    return sha256(repr(ask).encode()).digest()
