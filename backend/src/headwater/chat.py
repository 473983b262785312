"""The use cases: start a reply, follow it, look at it, cancel it, drain at shutdown."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256

from headwater.conversations.model import (
    Conversations,
    Message,
    UnknownConversationError,
    UnknownMessageError,
)
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
from headwater.generation.fold import Content
from headwater.generation.log import Cursor, CursorAheadError, Log, Page, follow
from headwater.generation.provider import Prompt, Turn
from headwater.generation.readers import Readers
from headwater.generation.runner import Limits, Runner
from headwater.generations import Generation, Generations, Snapshot
from headwater.idempotency import KeyReusedError, Once
from headwater.ids import new_id
from headwater.providers.catalogue import Catalogue, Source


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client asks for. None leaves a member to its default; `parent` is the newest message."""

    message: str
    conversation: str | None = None
    parent: str | None = None
    model: str | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
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
        conversations: Conversations,
        new_log: Callable[[], Log],
        limits: ChatLimits,
        run_limits: Limits,
    ) -> None:
        self.catalogue = catalogue
        self._conversations = conversations
        self._new_log = new_log
        self._limits = limits
        self._run_limits = run_limits
        self._generations = Generations()
        self._once: Once[str] = Once()
        self.draining = False

    async def start(self, client: str, ask: Ask, key: str | None = None) -> Generation:
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
        return self.find(client, name)

    def find(self, client: str, generation: str) -> Generation:
        """A client's generation. Raises `NotFoundError`, also when it is another client's."""
        found = self._generations.get(generation)
        if found is None or found.client != client:
            raise NotFoundError(f"There is no generation {generation!r} (any more).")
        return found

    async def seek(self, generation: Generation, after: Cursor) -> None:
        """Make sure that a log has reached a cursor. Raises `CursorConflictError`."""
        try:
            await generation.log.read(after)
        except CursorAheadError as error:
            raise CursorConflictError(f"Here {error}.") from None

    async def follow(self, generation: Generation, after: Cursor) -> AsyncGenerator[Page, None]:
        """The pages after a cursor, up to the outcome; an empty page is a heartbeat.

        Counts as a reader for as long as it is iterated. Raises `CursorAheadError`.
        """
        window, idle = self._limits.window, self._limits.heartbeat
        with generation.readers.reading():
            async with aclosing(follow(generation.log, after, window=window, idle=idle)) as pages:
                async for page in pages:
                    yield page

    async def page(self, generation: Generation, after: Cursor, wait: float) -> Page:
        """One page after a cursor, held up to `wait` seconds until there is something new.

        Raises `CursorConflictError`.
        """
        await self.seek(generation, after)
        with generation.readers.reading():
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
        generation.runner.stop(Cancelled("user"))
        return snapshot

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109 - a deadline, not a cancellation
        """Take no new replies, give the running ones `timeout` seconds, then interrupt them."""
        self.draining = True
        running = self._generations.running
        if running:
            await asyncio.wait(running.values(), timeout=timeout)
        for generation in running:
            generation.runner.stop(Interrupted())
        if running:
            await asyncio.wait(running.values())

    async def _start(self, client: str, ask: Ask) -> Generation:
        self._check_message(ask.message)
        model, source, name = await self._model(ask)
        branch = await self._branch(client, ask)
        self._admit(client)
        generation = new_id("gen")
        question = Message(new_id("msg"), branch[-1].id if branch else None, "user", ask.message)
        reply = Message(new_id("msg"), question.id, "assistant", None, generation)
        system = [Turn("system", ask.system)] if ask.system else []
        said = [await self._turn(message) for message in (*branch, question)]
        turns = (*system, *[turn for turn in said if turn.text.strip()])
        conversation = ask.conversation or await self._conversations.create(client)
        await self._conversations.add(conversation, (question, reply))
        prompt = Prompt(generation, name, turns, ask.temperature, ask.max_tokens, ask.script)
        runner = Runner(log := self._new_log(), source.provider, prompt, self._run_limits)
        started = Generation(
            id=generation,
            client=client,
            conversation=conversation,
            message=reply.id,
            parent=question.id,
            model=model,
            log=log,
            runner=runner,
            readers=Readers(self._limits.abandon_after, lambda: runner.stop(Cancelled("abandoned"))),
        )
        self._generations.add(started, asyncio.create_task(self._run(started), name=generation))
        return started

    def _check_message(self, message: str) -> None:
        if not message.strip():
            raise InvalidRequestError("message is blank; it takes some text.", field="message")
        if len(message) > self._limits.message_chars:
            raise TooLargeError(
                f"message has {len(message)} characters; it may have {self._limits.message_chars}.",
                field="message",
            )

    async def _model(self, ask: Ask) -> tuple[str, Source, str]:
        """The model's id, its source and its name there."""
        model = ask.model or await self.catalogue.default()
        found = await self.catalogue.find(model)
        if found is None:
            raise UnknownModelError(
                f"There is no model {model!r}; GET /api/models lists them.", field="model"
            )
        if ask.script is not None and found[0].name != "scripted":
            raise InvalidRequestError(
                f"script is for models that begin with scripted/, not for {model!r}.", field="script"
            )
        return model, *found

    def _admit(self, client: str) -> None:
        if self.draining:
            raise ShuttingDownError("The server is about to stop; ask again in a moment.", retry_after=5)
        if len(self._generations.running) >= self._limits.active:
            raise OverloadedError(
                f"{self._limits.active} replies are running, which is the most at once.", retry_after=2
            )
        mine = sum(generation.client == client for generation in self._generations.running)
        if mine >= self._limits.active_per_client:
            raise RateLimitedError(
                f"{mine} of your replies are running, which is the most at once; wait for one to end.",
                retry_after=2,
            )

    async def _branch(self, client: str, ask: Ask) -> tuple[Message, ...]:
        if ask.conversation is None:
            if ask.parent is not None:
                raise InvalidRequestError("parent needs the conversation that it is in.", field="parent")
            return ()
        try:
            return await self._conversations.branch(client, ask.conversation, ask.parent)
        except UnknownConversationError:
            raise NotFoundError(
                f"There is no conversation {ask.conversation!r} (any more).", field="conversation"
            ) from None
        except UnknownMessageError:
            raise NotFoundError(f"The conversation has no message {ask.parent!r}.", field="parent") from None

    async def _turn(self, message: Message) -> Turn:
        """A message as context; of a reply that still runs, what it has said so far."""
        text = message.text
        if text is None:
            generation = self._generations.get(message.generation or "")
            text = (await generation.snapshot()).content.text if generation else ""
        return Turn(message.role, text)

    async def _run(self, generation: Generation) -> None:
        try:
            await generation.runner.run()
        finally:
            generation.readers.close()
            snapshot = await generation.snapshot()
            self._generations.close(generation, snapshot)
        await self._conversations.complete(generation.conversation, generation.message, snapshot.content.text)


def _fingerprint(ask: Ask) -> bytes:
    """Tells requests apart without keeping them: a key outlives its reply."""
    return sha256(repr(ask).encode()).digest()
