"""The use cases of replies: start one, follow it, look at it, cancel it, drain at shutdown."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256

from headwater.conversations.model import Reply, UnknownConversationError
from headwater.errors import (
    ConflictError,
    CursorConflictError,
    NotFoundError,
    OverloadedError,
    RateLimitedError,
    ShuttingDownError,
)
from headwater.generation.events import Cancelled, Interrupted, Outcome
from headwater.generation.fold import Content, unfold
from headwater.generation.log import Cursor, CursorAheadError, Log, Page, follow
from headwater.generation.runner import Limits, Runner
from headwater.idempotency import KeyReusedError, Once
from headwater.live.changes import Changes
from headwater.metrics import Metrics
from headwater.providers.catalogue import Catalogue
from headwater.replies.active import Generation, Generations, Run, Snapshot, note_end
from headwater.replies.checkpoint import Saving
from headwater.replies.plan import Ask, AskAgain, Asking, AskOnce, Beginning, no_conversation
from headwater.replies.readers import Readers
from headwater.storage.conversations import ConversationRepository, Key, KeyTakenError, NewReply
from headwater.storage.replies import ReplyRepository
from headwater.transports.wire import outcome_object, parse_outcome

FIRST_READER = 5.0
"""Seconds that whoever started a reply has to begin reading it, where nobody is waited for later."""

SAVE_TIMEOUT = 0.5
"""Seconds that a shutdown waits for interrupted replies to be saved.

Saving goes on while connections close, and the next start finds what is still missing."""


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
        metrics: Metrics,
        new_log: Callable[[], Log],
        limits: ChatLimits,
        run_limits: Limits,
    ) -> None:
        self.catalogue = catalogue
        self._conversations = conversations
        self._replies = replies
        self._changes = changes
        self.metrics = metrics
        self._new_log = new_log
        self._limits = limits
        self._run_limits = run_limits
        self.generations = Generations()
        metrics.active_generations.set_function(lambda: len(self.generations.running))
        self.saving = Saving(self.generations, replies)
        self._asking = Asking(
            catalogue=catalogue,
            conversations=conversations,
            generations=self.generations,
            message_chars=limits.message_chars,
        )
        self._once: Once[str] = Once()
        self.draining = False
        self.drained = asyncio.Event()

    async def reconcile(self) -> None:
        """Close what an earlier process left open, with the text that was saved of it."""
        await self._replies.close_orphans(outcome_object(AFTER_CRASH))

    async def start(
        self,
        client: str,
        ask: Ask | AskAgain | AskOnce,
        key: str | None = None,
        *,
        counted_as: str | None = None,
        arrived: float | None = None,
        abandon_after: float | None = None,
    ) -> Generation:
        """Start a reply; with an idempotency key, at most once per client and key.

        `counted_as` is whose running replies are counted together; without it, the client's own. `arrived` is
        when the request did, on the clock of the event loop; without it, that is now. `abandon_after` is for
        how many seconds a reply that has lost its last reader goes on, where that is not as it is set for
        all. Raises the `ProblemError` that tells why not; `NotFoundError` for a key whose reply is not kept
        any more, because it must not run again.
        """
        if arrived is None:
            arrived = asyncio.get_running_loop().time()
        counted_as = counted_as or client
        if key is None:
            return await self._start(client, counted_as, ask, arrived, abandon_after=abandon_after)

        request = _fingerprint(ask)

        async def start() -> str:
            try:
                begun = await self._start(
                    client, counted_as, ask, arrived, Key(key, request), abandon_after=abandon_after
                )
            except KeyTakenError:
                return await self._begun_with(client, key, request)
            return begun.id

        try:
            name = await self._once.do((client, key), request, start)
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

    async def previous(self, generation: Generation) -> str | None:
        """The id of the generation that a kept one goes on from: the nearest before it on its branch."""
        return await self._replies.nearest(generation.parent)

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
                    if page.events:
                        self.metrics.tokens_per_page.observe(len(page.events))
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
        self.drained.set()

    def _running_tasks(self) -> list[asyncio.Task[None]]:
        return [run.task for run in self.generations.running.values()]

    async def _begun_with(self, client: str, key: str, request: bytes) -> str:
        """What the key began before this process knew of it: its row remembers."""
        begun = await self._replies.begun_with(client, key)
        if begun is None:
            raise NotFoundError("The reply that began with this Idempotency-Key is not kept any more.")
        name, earlier = begun
        if earlier != request:
            raise KeyReusedError
        return name

    async def _start(
        self,
        client: str,
        counted_as: str,
        ask: Ask | AskAgain | AskOnce,
        arrived: float,
        key: Key | None = None,
        *,
        abandon_after: float | None,
    ) -> Generation:
        self._admit(counted_as)
        beginning = await self._asking.beginning(client, ask)
        log, prompt = self._new_log(), beginning.prompt
        runner = Runner(
            log,
            beginning.provider,
            prompt,
            self._run_limits,
            arrived=arrived,
            observer=self.metrics.observer(beginning.model.partition("/")[0]),
        )
        generation = Generation(
            id=prompt.generation,
            client=client,
            conversation=beginning.conversation,
            message=beginning.reply.id,
            parent=beginning.parent,
            model=beginning.model,
            log=log,
            created_at=beginning.reply.created_at,
            kept=beginning.kept,
        )
        # Nothing waits between being admitted and being counted. The task begins the rows as well, so that a
        # client who goes away in the middle leaves either all of a reply or nothing.
        self._admit(counted_as)
        readers = Readers(
            self._limits.abandon_after if abandon_after is None else abandon_after,
            lambda: runner.stop(Cancelled("abandoned")),
            first=0.0 if abandon_after is None else FIRST_READER,
        )
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        running = self._run(generation, beginning, key, runner, readers, begun)
        task = asyncio.create_task(running, name=generation.id)
        self.generations.add(generation, Run(runner, readers, task, counted_as))
        try:
            await asyncio.shield(begun)
        except UnknownConversationError:
            raise no_conversation(beginning.conversation) from None
        return generation

    def _admit(self, counted_as: str) -> None:
        if self.draining:
            raise ShuttingDownError("The server is about to stop; ask again in a moment.", retry_after=5)
        if len(self.generations.running) >= self._limits.active:
            raise OverloadedError(
                f"{self._limits.active} replies are running, which is the most at once.", retry_after=2
            )
        mine = sum(run.counted_as == counted_as for run in self.generations.running.values())
        if mine >= self._limits.active_per_client:
            raise RateLimitedError(
                f"{mine} of your replies are running, which is the most at once; wait for one to end.",
                retry_after=2,
            )

    @contextmanager
    def _reading(self, generation: Generation) -> Iterator[None]:
        run = self.generations.running.get(generation)
        counted = nullcontext() if run is None else run.readers.reading()
        with self.metrics.followers.track_inprogress(), counted:
            yield

    async def _from_row(self, reply: Reply) -> Generation:
        log = self._new_log()
        end = await log.append(0, tuple(unfold(reply.content, reply.shape)))
        await log.close(end, parse_outcome(reply.outcome))
        return Generation(
            id=reply.generation,
            client=reply.client,
            conversation=reply.conversation,
            message=reply.message,
            parent=reply.parent,
            model=reply.model,
            log=log,
            created_at=reply.created_at,
        )

    async def _run(
        self,
        generation: Generation,
        beginning: Beginning,
        key: Key | None,
        runner: Runner,
        readers: Readers,
        begun: asyncio.Future[None],
    ) -> None:
        """Begin the rows, write the log to its end, then close the rows."""
        try:
            if generation.kept:
                await self._conversations.begin(
                    generation.client,
                    generation.conversation,
                    NewReply(beginning.reply, generation.id, key),
                    beginning.asked,
                    beginning.new,
                )
        except Exception as error:  # noqa: BLE001 - whoever waits for the beginning gets it
            readers.close()
            self.generations.drop(generation)
            begun.set_exception(error)
            return
        begun.set_result(None)
        readers.begin()
        self._announce(generation)
        try:
            await runner.run()
        finally:
            readers.close()
            snapshot = await generation.snapshot()
            note_end(generation, snapshot, readers.most)
            if generation.kept:
                await self.saving.close(generation, snapshot, beginning.title(snapshot.content.text))
            self.generations.close(generation, snapshot)
        self._announce(generation)

    def _announce(self, generation: Generation) -> None:
        if generation.kept:
            self._changes.announce(generation.client, generation.conversation)


AFTER_CRASH = Outcome(Interrupted())
"""How a reply ended whose writer went away without a word: nothing was measured of it."""


def _fingerprint(ask: Ask | AskAgain | AskOnce) -> bytes:
    """Tells requests apart without keeping them: a key outlives its reply."""
    return sha256(repr(ask).encode()).digest()
