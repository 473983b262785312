"""The use cases of replies: start, follow, read and cancel one, and drain all at shutdown."""

import asyncio
from collections.abc import Callable, Collection, Set
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import Context
from dataclasses import dataclass, replace
from typing import TypeVar

from headwater.conversations.model import Message, UnknownConversationError
from headwater.errors import (
    ConflictError,
    CursorConflictError,
    NotFoundError,
    ProblemError,
    ShuttingDownError,
    UnavailableError,
)
from headwater.generation.codec import outcome_object, parse_outcome
from headwater.generation.log import ClosedLog, Cursor, CursorAheadError, Page, changed, read_all
from headwater.generation.outcome import Cancelled, Interrupted, Outcome
from headwater.generation.parts import Parts, settle
from headwater.generation.runner import Limits, Runner
from headwater.identity.identify import Principal
from headwater.identity.quota import Admission, Quota
from headwater.ids import derived_id, is_id
from headwater.live.ports import ChangeFeed, Control, Lease, LogStore, Presence
from headwater.metrics import Metrics
from headwater.replies.active import RETENTION, ActiveReplies, ActiveReply, Generation
from headwater.replies.checkpoint import Checkpoints
from headwater.replies.ephemeral import EphemeralReplies
from headwater.replies.log_line import log_end
from headwater.replies.plan import Planner, ReplyPlan
from headwater.replies.pump import Nowhere, Pump, Sink
from headwater.replies.requests import (
    NewMessage,
    Regenerate,
    ReplyRequest,
    StartOptions,
    Stateless,
    digests,
)
from headwater.replies.turnstile import Turnstile
from headwater.replies.unread import Readers, WhenUnread
from headwater.storage.conversations import ConversationRepository, IdTakenError
from headwater.storage.replies import ReplyRepository, StoredReply
from headwater.storage.uncancelled import in_background

SAVE_TIMEOUT = 0.5
"""Seconds that a shutdown waits until interrupted replies are saved.

Saving continues while connections close, and the next start closes what is still open."""

END_TIMEOUT = 5.0
"""Seconds that a deletion for good waits for running replies to end. A later one finds no row to write."""

LOOK_EVERY = 0.05
"""Seconds between two looks whether those on other servers have."""

AFTER_CRASH = Outcome(Interrupted())
"""The outcome of a reply whose server crashed, without any measurements."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How replies are delivered; `window` and `heartbeat` are in seconds (see `Pump`)."""

    window: float
    heartbeat: float
    when_unread: WhenUnread


class Replies:
    """Runs each generation in a task of its own, from `start()` to the outcome."""

    def __init__(
        self,
        *,
        planner: Planner,
        active: ActiveReplies,
        checkpoints: Checkpoints,
        conversations: ConversationRepository,
        replies: ReplyRepository,
        ephemeral: EphemeralReplies,
        logs: LogStore,
        control: Control,
        presence: Presence,
        changes: ChangeFeed,
        lease: Lease,
        quota: Quota,
        metrics: Metrics,
        delivery: Delivery,
        limits: Limits,
    ) -> None:
        self._planner = planner
        self._active = active
        self._checkpoints = checkpoints
        self._conversations = conversations
        self._replies = replies
        self._ephemeral = ephemeral
        self._logs = logs
        self._control = control
        self._presence = presence
        self._changes = changes
        self._lease = lease
        self._quota = quota
        self._metrics = metrics
        self._delivery = delivery
        self._limits = limits
        self._pump = Pump(
            window=delivery.window, heartbeat=delivery.heartbeat, lease=lease, page_sent=metrics.page_sent
        )
        metrics.watch_window(lambda: self._pump.window)
        self._turnstile = Turnstile()
        self.draining = False
        self.will_drain = False
        """Whether it will drain soon: load balancers should send nobody any more."""
        self.drained = asyncio.Event()

    async def reconcile(self) -> None:
        """Close the replies that an earlier process left open."""
        await self.close_orphans()

    async def forget_pieces(self) -> None:
        """Remove what a crash left of closed replies."""
        await self._replies.forget_pieces()

    async def close_orphans(self) -> None:
        """Close the replies of servers that are gone, with the events that were saved and shared."""
        async for orphan in self._replies.close_orphans(
            outcome_object(AFTER_CRASH), lambda generation: self._active.get(generation) is not None
        ):
            self._metrics.orphan_closed()
            self._logs.written(orphan.generation)
            self._changes.announce(orphan.owner, orphan.conversation)

    async def checkpoint(self) -> None:
        """Save running replies regularly, until cancelled."""
        await self._checkpoints.run()

    async def start(
        self, principal: Principal, request: ReplyRequest, options: StartOptions = StartOptions()
    ) -> Generation:
        """Start a reply. Repeated requests with the same generation id or idempotency key start it only once.

        Raises a `ProblemError`: among others, `ConflictError` for an id of another request or of somebody
        else, and `NotFoundError` for an id whose reply was deleted.
        """
        if options.arrived is None:
            options = replace(options, arrived=asyncio.get_running_loop().time())
        with await self._quota.count_start(principal.quota_key) as admission:
            key = options.idempotency_key
            if key is not None:
                derived = derived_id("gen", principal.owner, key)
                request = replace(request, ids=replace(request.ids, generation=derived))
                if (repeated := await self._repeated(principal, request, key)) is not None:
                    return repeated
            async with self._turnstile.turn():
                return await self._start_once(principal, request, options, admission)

    async def _start_once(
        self, principal: Principal, request: ReplyRequest, options: StartOptions, admission: Admission
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
                generation = await self._start(principal, request, options, admission)
            except (IdTakenError, ProblemError) as error:
                repeated = await self._repeated(principal, request, options.idempotency_key)
                if repeated is not None:
                    return repeated
                if isinstance(error, UnknownConversationError):
                    error.field = "conversation"
                if isinstance(error, ProblemError):
                    raise
                raise ConflictError("One of the ids is taken.", field="ids") from None
            if generation is not None:
                return generation

    async def find(self, principal: Principal, generation: str) -> Generation:
        """A principal's generation, from memory or from its row.

        Raises `NotFoundError`, also for one of somebody else.
        """
        await self._active.started(generation)
        active = self._active.get(generation)
        if active is not None and active.owner == principal.owner:
            return active
        reply = await self._replies.find(principal.owner, generation)
        if reply is not None and reply.outcome is not None:
            return Generation.of(reply.generation, ClosedLog(reply.events, parse_outcome(reply.outcome)))
        record = reply.generation if reply else await self._ephemeral.find(principal.owner, generation)
        log = None if record is None else await self._logs.open(generation)
        if record is None or log is None:
            raise NotFoundError(f"There is no generation {generation!r} (any more).")
        return Generation.of(record, log)

    async def find_message(self, principal: Principal, message: str) -> Generation:
        """The principal's stored generation whose reply has this id. Raises `NotFoundError`."""
        generation = await self._replies.generation_of(message) if is_id(message) else None
        if generation is None:
            raise NotFoundError(f"There is no reply {message!r} (any more).")
        return await self.find(principal, generation)

    async def previous(self, generation: Generation) -> str | None:
        """The id of the last generation before a stored one on its branch."""
        return await self._replies.nearest(generation.parent)

    async def resume(self, generation: Generation, after: Cursor) -> Cursor:
        """The cursor from which a reader resumes that has seen `after` events.

        It is `after` itself, unless a crash lost events; then it is the end. Raises `CursorConflictError`.
        """
        try:
            generation.log.read(after)
        except CursorAheadError as error:
            end = generation.log.read(error.end)
            if end.outcome == AFTER_CRASH:
                return error.end
            raise _ahead(error) from None
        return after

    async def deliver(
        self,
        generation: Generation,
        after: Cursor,
        encode: Callable[[Page], T],
        sink: Sink[T],
        *,
        resumes: bool = False,
    ) -> None:
        """Write to a sink what comes after a cursor, until the outcome is written; see `Pump.deliver`.

        `resumes` says that a reader who begins at 0 has seen something of it before. The caller counts as a
        reader meanwhile. Raises `CursorConflictError`, perhaps only at the end of a reply of another server.
        """
        if after > 0 or resumes:
            self._metrics.resumed()
        with self._reading(generation), self._metrics.reading():
            try:
                await self._pump.deliver(generation.log, after, encode, sink)
            except CursorAheadError as error:
                raise _ahead(error) from None

    async def page(self, generation: Generation, after: Cursor, wait: float) -> Page:
        """One page after a cursor; waits up to `wait` seconds for something new.

        Raises `CursorConflictError`.
        """
        after = await self.resume(generation, after)
        now = asyncio.get_running_loop().time
        deadline = now() + wait
        with self._reading(generation), self._metrics.reading():
            try:
                async with asyncio.timeout_at(deadline):
                    await changed(generation.log, after)
            except TimeoutError:
                return Page((), after)
            except CursorAheadError as error:
                raise _ahead(error) from None
            if not self._lease.is_ours and not await self._lease.wait_until_ours(deadline - now()):
                return Page((), after)
            return generation.log.read(after)

    async def finished(self, generation: Generation) -> tuple[Parts, Outcome]:
        """Wait for the outcome; the caller counts as a reader."""
        await self.deliver(generation, 0, lambda _: b"", Nowhere())
        snapshot = generation.snapshot()
        if snapshot.outcome is None:
            raise AssertionError("a log is followed until its outcome")
        return settle(snapshot.events), snapshot.outcome

    def snapshot(self, generation: Generation) -> Page:
        """The state of a generation. Raises `UnavailableError` while another server may have taken over."""
        self._require_lease()
        return generation.snapshot()

    async def cancel(self, generation: Generation) -> Page:
        """Stop a generation on a user's request; returns its state before, as `snapshot` does."""
        before = generation.snapshot()
        await self._control.stop(generation.id, Cancelled("user"))
        self._require_lease()
        return before

    async def cancel_all_in(self, owner: str, conversations: Collection[str]) -> Collection[str]:
        """Stop the running generations of an owner's conversations; returns their ids."""
        running = {generation.id: generation.conversation for generation in self._active}
        running |= await self._replies.open_elsewhere(owner)
        stopped = [id_ for id_, conversation in running.items() if conversation in conversations]
        for generation in stopped:
            await self._control.stop(generation, Cancelled("user"))
        return stopped

    async def end_all_in(self, owner: str, conversations: Collection[str]) -> None:
        """Stop and forget the generations of an owner's conversations that are deleted for good."""
        stopped = set(await self.cancel_all_in(owner, conversations))
        await self._end_all(lambda generation: generation.conversation in conversations)
        await wait_for_ends(self._replies, owner, stopped)

    async def end_ephemeral(self, owner: str) -> None:
        """Stop and forget the owner's generations that are not stored."""
        for elsewhere in await self._ephemeral.find_all(owner):
            await self._control.stop(elsewhere.id, Cancelled("user"))
        await self._ephemeral.delete(owner)
        await self._end_all(lambda generation: generation.owner == owner and not generation.is_stored)

    async def _end_all(self, is_gone: Callable[[Generation], bool]) -> None:
        running = [generation for generation in self._active if is_gone(generation)]
        tasks = [self._active.active(generation).task for generation in running]
        for generation in running:
            await self._control.stop(generation.id, Cancelled("user"))
        if tasks:
            await asyncio.wait(tasks, timeout=END_TIMEOUT)
        self._active.forget_all(is_gone)

    def require_open(self, *, ready: bool = False) -> None:
        """Refuse while the server drains; `ready` also when it will soon. Raises `ShuttingDownError`."""
        if self.draining or (ready and self.will_drain):
            raise ShuttingDownError("The server is about to stop; try again in a moment.", retry_after=5)

    async def busy(self, owner: str) -> Collection[str]:
        """The owner's conversations with running replies."""
        elsewhere = await self._replies.open_elsewhere(owner)
        return {generation.conversation for generation in self._active}.union(elsewhere.values())

    async def running_in(self, principal: Principal, conversation: str) -> Generation | None:
        """The newest running generation of a conversation that the principal's client keeps itself."""
        here = [generation for generation in self._active if generation.owner == principal.owner]
        elsewhere = await self._ephemeral.find_all(principal.owner)
        records = sorted([*elsewhere, *here], key=lambda record: record.created_at)
        for record in reversed(records):
            if record.conversation == conversation:
                log = await self._logs.open(record.id)
                if log is not None and read_all(log).outcome is None:
                    return Generation.of(record, log)
        return None

    async def current(self, message: Message) -> tuple[Message, Cursor]:
        """See `ActiveReplies.current`."""
        return await self._active.current(message)

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109 - a deadline, not a cancellation
        """Refuse new replies, give the running ones `timeout` seconds to end, then interrupt them."""
        self.draining = True
        if running := self._running():
            await asyncio.wait([active.task for active in running], timeout=timeout)
        for active in self._running():
            active.runner.stop(Interrupted())
        if running := self._running():
            await asyncio.wait([active.task for active in running], timeout=SAVE_TIMEOUT)
        await asyncio.wait([in_background(self._checkpoints.save_ephemeral())], timeout=SAVE_TIMEOUT)
        self._changes.close()
        self.drained.set()

    def _reading(self, generation: Generation) -> AbstractContextManager[None]:
        """Count a reader for as long as the context lasts, unless nothing is left to keep going."""
        if isinstance(generation.log, ClosedLog):
            return nullcontext()
        return self._presence.reading(generation.id)

    def _require_lease(self) -> None:
        if not self._lease.is_ours:
            raise UnavailableError("The database does not answer.", retry_after=1)

    def _running(self) -> list[ActiveReply]:
        return [self._active.active(generation) for generation in self._active]

    async def _repeated(
        self, principal: Principal, request: ReplyRequest, key: str | None
    ) -> Generation | None:
        """The generation that an earlier request with the same id or key started, if any.

        Raises `ConflictError`, the same for a different request and for somebody else's.
        """
        name = request.ids.generation
        if name is None:
            return None
        await self._active.started(name)
        start = await self._replies.start_of(principal.owner, name, key)
        if start is None:
            return None
        name, is_own = start.generation.id, start.generation.owner == principal.owner
        if is_own and start.is_deleted:
            raise NotFoundError(f"There is no generation {name!r} (any more).")
        if not is_own or not _is_repeated(request, start):
            raise _used_before(key)
        return await self.find(principal, name)

    async def _start(
        self, principal: Principal, request: ReplyRequest, options: StartOptions, admission: Admission
    ) -> Generation | None:
        """Start a reply; None if this process has started another one with its generation id meanwhile.

        Raises `IdTakenError` if the database has one of the ids.
        """
        self.require_open()
        admission.occupy()
        plan = await self._planner.plan(principal.owner, request)
        if self.draining or self._active.get(plan.generation.id) is not None:
            return None  # the caller looks again, and is refused where the server drains
        log = self._logs.create(plan.generation.id)
        generation = Generation.of(plan.generation, log)
        runner = Runner(
            log,
            plan.provider,
            plan.prompt,
            self._limits,
            arrived=options.arrived,
            observer=self._metrics.observer(generation.model.partition("/")[0]),
        )
        readers = Readers(
            options.when_unread or self._delivery.when_unread,
            lambda: runner.stop(Cancelled("abandoned")),
            is_known=request.ids.generation is not None,
        )
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # The task also writes the first rows, so that a client that disconnects meanwhile cannot leave half a
        # reply.
        # It outlives its request, whose context names the client's connection.
        task = asyncio.create_task(
            self._run(generation, request, plan), name=generation.id, context=Context()
        )
        self._active.add(generation, ActiveReply(runner, readers, admission.keep(), started, task))
        self._control.listen(generation.id, runner.stop)
        self._presence.listen(generation.id, readers.changed)
        try:
            await asyncio.shield(started)
        except asyncio.CancelledError:
            readers.requester_left()
            raise
        return generation

    async def _run(self, generation: Generation, request: ReplyRequest, plan: ReplyPlan) -> None:
        """Write the first rows, the log to its end, then the closed rows.

        The model is asked while the first rows are written, unless the client chose the generation's id: then
        the rows may show that this start is a repetition, which must not run a second time.
        """
        active = self._active.active(generation)
        chosen = None if request.ids.generation is None else digests(request)
        running = None if chosen is not None else asyncio.create_task(active.runner.run())
        try:
            if generation.is_stored:
                await self._conversations.begin(plan.generation, plan.new, plan.begins, chosen)
            else:
                await self._ephemeral.publish(generation)
        except BaseException as error:
            if running is not None:
                running.cancel()
                await asyncio.wait([running])
            self._release(generation, active.readers)
            self._presence.forget(generation.id)
            self._active.drop(generation)
            if not isinstance(error, Exception):
                raise
            active.started.set_exception(error)  # raised where it is awaited
            return
        active.started.set_result(None)
        active.readers.start()
        self._announce(generation)
        try:
            await (running or active.runner.run())
        finally:
            active.slot.release()  # before readers see the end: they may start the next reply at once
            self._release(generation, active.readers)
            self._stop_counting(generation)
            snapshot = generation.snapshot()
            try:
                await self._close_row(generation, plan, snapshot, active.readers.most)
            finally:
                self._checkpoints.forget(generation)
                self._active.close(generation, snapshot)
        self._announce(generation)

    async def _close_row(
        self, generation: Generation, plan: ReplyPlan, snapshot: Page, most_readers: int
    ) -> None:
        if snapshot.outcome is not None:
            log_end(generation, snapshot.outcome, most_readers)
            if generation.is_stored:
                title = plan.title(snapshot.events)
                await self._checkpoints.close(generation, snapshot.events, snapshot.outcome, title)

    def _release(self, generation: Generation, readers: Readers) -> None:
        readers.close()
        self._control.forget(generation.id)

    def _stop_counting(self, generation: Generation) -> None:
        """Forget who reads a reply; an ephemeral one can be read on other servers while it is in memory."""
        if generation.is_stored:
            self._presence.forget(generation.id)
        else:
            self._presence.listen(generation.id, lambda _: None)
            asyncio.get_running_loop().call_later(RETENTION, self._presence.forget, generation.id)

    def _announce(self, generation: Generation) -> None:
        if generation.is_stored:
            self._changes.announce(generation.owner, generation.conversation)


async def wait_for_ends(replies: ReplyRepository, owner: str, stopped: Set[str]) -> None:
    """Wait up to `END_TIMEOUT` until these generations of an owner have ended on other servers."""
    with suppress(TimeoutError):
        async with asyncio.timeout(END_TIMEOUT):
            while stopped and stopped & (await replies.open_elsewhere(owner)).keys():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY)


def _is_repeated(request: ReplyRequest, start: StoredReply) -> bool:
    """Whether a request is the same as the one that started this reply."""
    if request.ids.conversation not in {None, start.generation.conversation}:
        return False
    if start.request is not None:
        repeated = digests(request)
        return all(repeated.get(name) == digest for name, digest in start.request.items())
    match request:  # of an older version
        case NewMessage():
            return request.message == start.question
        case Regenerate():
            return request.message == start.generation.parent
        case Stateless():
            return False


def _ahead(error: CursorAheadError) -> CursorConflictError:
    return CursorConflictError(f"Cannot resume: {error}.")


def _used_before(key: str | None) -> ConflictError:
    if key is not None:
        return ConflictError("This Idempotency-Key was already used for another request.")
    return ConflictError("This generation id was already used for another request.", field="ids.generation")
