"""The use cases of replies: start one, follow it, look at it, cancel it, drain at shutdown."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from headwater.conversations.model import Message, StoredReply, UnknownConversationError
from headwater.errors import (
    ConflictError,
    CursorConflictError,
    NotFoundError,
    ProblemError,
    ShuttingDownError,
)
from headwater.generation.codec import outcome_object, parse_outcome
from headwater.generation.log import ClosedLog, Cursor, CursorAheadError, Page, follow
from headwater.generation.observer import Observer
from headwater.generation.outcome import Cancelled, Interrupted, Outcome
from headwater.generation.parts import Parts, text_of
from headwater.generation.runner import Limits, Runner
from headwater.identity.identify import Principal
from headwater.identity.quota import Quota
from headwater.ids import derived_id
from headwater.live.ports import ChangeFeed, Control, LogStore, Presence
from headwater.replies.active import ActiveReplies, ActiveReply, Generation, Snapshot, log_end
from headwater.replies.checkpoint import Checkpoints
from headwater.replies.plan import Planner, ReplyPlan, no_conversation
from headwater.replies.readers import Readers, WhenUnread
from headwater.replies.requests import (
    ROOT,
    NewMessage,
    Regenerate,
    ReplyRequest,
    StartOptions,
    Stateless,
)
from headwater.storage.conversations import ConversationRepository, IdTakenError, NewReply
from headwater.storage.replies import ReplyRepository, Start

SAVE_TIMEOUT = 0.5
"""Seconds that a shutdown waits for interrupted replies to be saved.

Saving goes on while connections close, and the next start saves what is still missing."""

AFTER_CRASH = Outcome(Interrupted())
"""The outcome of a reply whose writer went away without a word: nothing was measured of it."""

_DEFAULTS = StartOptions()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How replies are delivered: the `window` (pace) and `heartbeat` in seconds, and what if nobody reads."""

    window: float
    heartbeat: float
    when_unread: WhenUnread


class RepliesObserver(Protocol):
    """Is told of replies and their readers. It stands in the way of each page: it must not wait or raise."""

    def observer(self, provider: str) -> Observer:
        """The observer of a provider's generations."""
        ...

    def reading(self) -> AbstractContextManager[object]:
        """Somebody reads for as long as the context lasts."""
        ...

    def page_sent(self, events: int) -> None:
        """A reader got a page with so many events."""
        ...

    def resumed(self) -> None:
        """A reader goes on from a cursor."""
        ...


class Replies:
    """Runs generations, each in a task of its own, from `start()` to the outcome."""

    def __init__(
        self,
        *,
        planner: Planner,
        active: ActiveReplies,
        checkpoints: Checkpoints,
        conversations: ConversationRepository,
        replies: ReplyRepository,
        logs: LogStore,
        control: Control,
        presence: Presence,
        changes: ChangeFeed,
        quota: Quota,
        observer: RepliesObserver,
        delivery: Delivery,
        limits: Limits,
    ) -> None:
        self._planner = planner
        self._active = active
        self._checkpoints = checkpoints
        self._conversations = conversations
        self._replies = replies
        self._logs = logs
        self._control = control
        self._presence = presence
        self._changes = changes
        self._quota = quota
        self._observer = observer
        self._delivery = delivery
        self._limits = limits
        self.draining = False
        self.drained = asyncio.Event()

    async def reconcile(self) -> None:
        """Close what an earlier process left open, with the events that were saved of it."""
        await self._replies.close_orphans(outcome_object(AFTER_CRASH))

    async def checkpoint(self) -> None:
        """Save what runs, again and again, until cancelled."""
        await self._checkpoints.run()

    async def start(
        self, principal: Principal, request: ReplyRequest, options: StartOptions = _DEFAULTS
    ) -> Generation:
        """Start a reply; with a generation id or an idempotency key, once, however often it is asked for.

        Raises the `ProblemError` that says why not: `ConflictError` for an id that stands for another request
        or belongs to somebody else, `NotFoundError` for one whose reply is not stored any more.
        """
        if options.arrived is None:
            options = replace(options, arrived=asyncio.get_running_loop().time())
        await self._quota.count_start(principal.quota_key)
        key = options.idempotency_key
        if key is not None:
            derived = derived_id("gen", principal.owner, key)
            request = replace(request, ids=replace(request.ids, generation=derived))
            if (repeated := await self._repeated(principal, request, key)) is not None:
                return repeated
        return await self._start_once(principal, request, options)

    async def _start_once(
        self, principal: Principal, request: ReplyRequest, options: StartOptions
    ) -> Generation:
        while True:
            known = self._active.get(request.ids.generation or "")
            if known is not None:
                repeated = await self._repeated(principal, request, options.idempotency_key)
                if repeated is not None:
                    return repeated
                if self._active.get(known.id) is known:
                    raise _used_before(options.idempotency_key)
            try:
                generation = await self._start(principal, request, options)
            except (IdTakenError, ProblemError) as error:
                repeated = await self._repeated(principal, request, options.idempotency_key)
                if repeated is not None:
                    return repeated
                if isinstance(error, ProblemError):
                    raise
                raise ConflictError("One of the ids is taken.", field="ids") from None
            if generation is not None:
                return generation

    async def find(self, principal: Principal, generation: str) -> Generation:
        """A principal's generation: in memory, or as its row has it.

        Raises `NotFoundError`, also when it is somebody else's.
        """
        found = self._active.get(generation)
        if found is not None and found.owner == principal.owner:
            return found
        reply = await self._replies.find(principal.owner, generation)
        if reply is not None and (stored := await self._from_row(reply)) is not None:
            return stored
        raise NotFoundError(f"There is no generation {generation!r} (any more).")

    async def previous(self, generation: Generation) -> str | None:
        """The id of the generation that a stored one continues: the nearest before it on its branch."""
        return await self._replies.nearest(generation.parent)

    async def resume(self, generation: Generation, after: Cursor) -> Cursor:
        """The cursor from which a reader goes on who has seen so much.

        It is the same one, unless a crash lost events: then it is the end. Raises `CursorConflictError`.
        """
        if after > 0:
            self._observer.resumed()
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
        window, idle = self._delivery.window, self._delivery.heartbeat
        with self._presence.reading(generation.id), self._observer.reading():
            async with aclosing(follow(generation.log, after, window=window, idle=idle)) as pages:
                async for page in pages:
                    if page.events:
                        self._observer.page_sent(len(page.events))
                    yield page

    async def page(self, generation: Generation, after: Cursor, wait: float) -> Page:
        """One page after a cursor, held up to `wait` seconds until there is something new.

        Raises `CursorConflictError`.
        """
        after = await self.resume(generation, after)
        with self._presence.reading(generation.id), self._observer.reading():
            try:
                async with asyncio.timeout(wait):
                    await generation.log.changed(after)
            except TimeoutError:
                return Page((), after)
            return await generation.log.read(after)

    async def finished(self, generation: Generation) -> tuple[Parts, Outcome]:
        """Wait for the outcome, counting as a reader."""
        async with aclosing(self.follow(generation, 0)) as pages:
            async for page in pages:
                if page.outcome is not None:
                    return (await generation.snapshot()).parts, page.outcome
        raise AssertionError("a log is followed until its outcome")

    async def cancel(self, generation: Generation) -> Snapshot:
        """Stop a generation, as its reader wishes; returns it as it was before."""
        snapshot = await generation.snapshot()
        await self._control.stop(generation.id, Cancelled("user"))
        return snapshot

    async def cancel_all_in(self, conversation: str) -> None:
        """Stop the generations of a conversation."""
        for generation in self.running_in(conversation):
            await self.cancel(generation)

    def busy(self) -> Collection[str]:
        """The conversations in which replies run."""
        return {generation.conversation for generation in self._active}

    def running_in(self, conversation: str) -> list[Generation]:
        """The generations of a conversation that run."""
        return [generation for generation in self._active if generation.conversation == conversation]

    async def current(self, message: Message) -> tuple[Message, Cursor]:
        """A message as it is now, and the end of its log: while its reply runs, its row is empty."""
        return await self._active.current(message)

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109 - a deadline, not a cancellation
        """Take no new replies, give the running ones `timeout` seconds, then interrupt them."""
        self.draining = True
        if running := self._running():
            await asyncio.wait([active.task for active in running], timeout=timeout)
        for active in self._running():
            active.runner.stop(Interrupted())
        if running := self._running():
            await asyncio.wait([active.task for active in running], timeout=SAVE_TIMEOUT)
        self._changes.close()
        self.drained.set()

    def _running(self) -> list[ActiveReply]:
        return [active for generation in self._active if (active := self._active.run(generation))]

    async def _repeated(
        self, principal: Principal, request: ReplyRequest, key: str | None
    ) -> Generation | None:
        """The generation that an earlier request with the same id or key began; None where none did.

        Raises `ConflictError` when that was another request, or somebody else's, which it does not tell
        apart.
        """
        name = request.ids.generation
        if name is None:
            return None
        known = self._active.get(name)
        if known is not None and (active := self._active.run(known)) is not None:
            await asyncio.wait([active.begun])
        start = await self._replies.start_of(principal.owner, name, key)
        if start is None:
            return None
        if start.owner != principal.owner or not _is_repeated(request, start):
            raise _used_before(key)
        return await self.find(principal, start.generation)

    async def _start(
        self, principal: Principal, request: ReplyRequest, options: StartOptions
    ) -> Generation | None:
        """Start a reply; None where its generation id has been taken in this process meanwhile.

        Raises `IdTakenError` where the database has one of the ids.
        """
        if self.draining:
            raise ShuttingDownError("The server is about to stop; ask again in a moment.", retry_after=5)
        slot = self._quota.occupy(principal.quota_key)
        try:
            plan = await self._planner.plan(principal.owner, request)
        except BaseException:
            slot.release()
            raise
        if self._active.get(plan.prompt.generation) is not None:
            slot.release()
            return None
        log = self._logs.create(plan.prompt.generation)
        generation = Generation(
            id=plan.prompt.generation,
            owner=principal.owner,
            conversation=plan.conversation,
            message=plan.reply.id,
            parent=plan.parent,
            model=plan.model,
            log=log,
            created_at=plan.reply.created_at,
            storage=plan.storage,
        )
        runner = Runner(
            log,
            plan.provider,
            plan.prompt,
            self._limits,
            arrived=options.arrived,
            observer=self._observer.observer(plan.model.partition("/")[0]),
        )
        readers = Readers(
            options.when_unread or self._delivery.when_unread, lambda: runner.stop(Cancelled("abandoned"))
        )
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # The task begins the rows as well, so that a client that leaves meanwhile leaves a whole reply or
        # nothing.
        task = asyncio.create_task(self._run(generation, plan, runner, readers, begun), name=generation.id)
        self._active.add(generation, ActiveReply(runner, readers, slot, begun, task))
        self._control.listen(generation.id, runner.stop)
        self._presence.listen(generation.id, readers.changed)
        try:
            await asyncio.shield(begun)
        except UnknownConversationError:
            raise no_conversation(plan.conversation) from None
        return generation

    async def _run(
        self,
        generation: Generation,
        plan: ReplyPlan,
        runner: Runner,
        readers: Readers,
        begun: asyncio.Future[None],
    ) -> None:
        """Begin the rows, write the log to its end, then close the rows."""
        try:
            if generation.is_stored:
                await self._conversations.begin(
                    generation.owner,
                    generation.conversation,
                    NewReply(plan.reply, generation.id),
                    plan.written,
                    plan.begins,
                )
        except Exception as error:  # noqa: BLE001 - whoever waits for the beginning gets it
            self._release(generation, readers)
            self._active.drop(generation)
            begun.set_exception(error)
            return
        begun.set_result(None)
        readers.begin()
        self._announce(generation)
        try:
            await runner.run()
        finally:
            self._release(generation, readers)
            snapshot = await generation.snapshot()
            if snapshot.outcome is not None:
                log_end(generation, snapshot.outcome, readers.most)
                if generation.is_stored:
                    title = plan.title(text_of(snapshot.parts))
                    await self._checkpoints.close(generation, snapshot.events, snapshot.outcome, title)
            self._active.close(generation, snapshot)
        self._announce(generation)

    def _release(self, generation: Generation, readers: Readers) -> None:
        readers.close()
        self._control.forget(generation.id)
        self._presence.forget(generation.id)

    def _announce(self, generation: Generation) -> None:
        if generation.is_stored:
            self._changes.announce(generation.owner, generation.conversation)

    async def _from_row(self, reply: StoredReply) -> Generation | None:
        """A generation that is not in memory here; None where its log is not to be had."""
        if reply.outcome is None:
            log = await self._logs.open(reply.generation)
        else:
            log = ClosedLog(reply.events, parse_outcome(reply.outcome))
        if log is None:
            return None
        return Generation(
            id=reply.generation,
            owner=reply.owner,
            conversation=reply.conversation,
            message=reply.message,
            parent=reply.parent,
            model=reply.model,
            log=log,
            created_at=reply.created_at,
        )


def _is_repeated(request: ReplyRequest, start: Start) -> bool:
    """Whether a request says what the one said that began this reply, as far as rows tell."""
    match request:
        case NewMessage():
            return (
                request.message == start.question
                and request.parent in {None, start.question_parent or ROOT}
                and {request.conversation, request.ids.conversation} <= {None, start.conversation}
                and request.settings.model in {None, start.model}
            )
        case Regenerate():
            return (request.conversation, request.message) == (start.conversation, start.parent)
        case Stateless():
            return False


def _used_before(key: str | None) -> ConflictError:
    if key is not None:
        return ConflictError("This Idempotency-Key was already used for another request.")
    return ConflictError("This generation id was already used for another request.", field="ids.generation")
