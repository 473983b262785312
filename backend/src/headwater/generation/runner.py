"""The one writer of a log: appends what a provider sends, enforces deadlines, and always closes the log."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headwater.generation.kinds.reasoning import Reasoning, ReasoningEnd
from headwater.generation.kinds.text import Text
from headwater.generation.log import EVENT_CHARS, Cursor, LogWriter
from headwater.generation.observer import Observer
from headwater.generation.outcome import (
    Cancelled,
    Completed,
    Failed,
    Interrupted,
    Outcome,
    Status,
    Timing,
    Usage,
)
from headwater.generation.parts import Event, Part
from headwater.generation.provider import Delta, Finish, Prompt, Provider, ProviderError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a reply may take, in seconds, and how many characters (code points) and events it may have.

    Events have a limit of their own because each takes much more memory than its few characters. The default
    is a quarter of the characters.
    """

    first_token: float
    idle: float
    total: float
    reply_chars: int
    reply_events: int = 250_000


class Runner:
    """Runs one generation. Call `run()` once; `stop()` may be called from anywhere, at any time.

    `arrived` is the time of the request on the clock of the event loop; None means the time of `run()`.
    """

    def __init__(
        self,
        log: LogWriter,
        provider: Provider,
        prompt: Prompt,
        limits: Limits,
        *,
        arrived: float | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._log = log
        self._provider = provider
        self._prompt = prompt
        self._limits = limits
        self._arrived = arrived
        self._observer = observer or Observer()
        self._cursor: Cursor = 0
        self._room = limits.reply_chars
        self._usage: Usage | None = None
        self._kinds: set[type[Part]] = set()
        self._finish: Finish | None = None
        self._ending: Status | None = None
        self._stopped: float | None = None
        self._scope: asyncio.Timeout | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._pace: _Pace

    def stop(self, status: Cancelled | Interrupted) -> None:
        """End the run with this status, unless the reply has finished or another call came first.

        A provider that still sends something after the reply has finished, such as usage, is closed in any
        case.
        """
        if self._ending is None:
            completed = self._completed()
            self._ending = completed or status
            self._stopped = None if completed else asyncio.get_running_loop().time()
        self._leave()

    async def run(self) -> Outcome:
        """Write the whole log, close it, and return the outcome.

        A reply that fails is an outcome, not an exception. If the task is cancelled, the log is closed as
        interrupted, and the cancellation continues.
        """
        self._pace = pace = _Pace(asyncio.get_running_loop().time, self._arrived, self._observer)
        status: Status = Interrupted()
        try:
            status = await self._generate_within_deadlines()
        except ProviderError as error:
            status = self._ended() or Failed(error.code, error.message, error.retryable)
        except Exception:
            logger.exception("generation %s failed", self._prompt.generation)
            status = self._ended() or Failed(
                "internal_error", "Something went wrong while the reply was written.", True
            )
        finally:
            outcome = self._log.close(self._cursor, Outcome(status, self._usage, pace.timing()))
            self._observer.closed(outcome, None if self._stopped is None else pace.now() - self._stopped)
        return outcome

    async def _generate_within_deadlines(self) -> Status:
        """Run the provider under one time-out scope, which expires at a missed deadline or at `_leave`."""
        if self._ending is not None:
            return self._ending
        self._pace.request()
        try:
            async with asyncio.timeout(None) as self._scope:
                self._watch_deadline()
                await self._provider.generate(self._prompt, self._take)
        except TimeoutError:
            if self._scope is None or not self._scope.expired():
                raise
            return self._ended() or self._missed_deadline()
        finally:
            self._scope = None
            if self._watch is not None:
                self._watch.cancel()
        return self._ended() or Failed(
            "provider_error", "The model's reply broke off before it was complete.", True
        )

    def _ended(self) -> Status | None:
        """How the reply ended: it was stopped, exceeded a limit, or finished."""
        return self._ending or self._completed()

    def _completed(self) -> Completed | None:
        if self._finish is None or self._finish.reason is None:
            return None
        if self._finish.called_tool and not self._kinds - {Reasoning}:
            return Completed(self._finish.reason, "tool_call")
        if not self._kinds:
            return Completed(self._finish.reason, "empty")
        return Completed(self._finish.reason, "reasoning" if self._kinds == {Reasoning} else None)

    def _take(self, batch: Sequence[Delta]) -> None:
        """Append what arrived together; see `Provider.generate`."""
        if self._ending is not None:
            return
        limits, pace = self._limits, self._pace
        events: list[Event] = []
        pieces = 0
        for delta in batch:
            if isinstance(delta, Part):
                events += delta.fit(max(0, self._room), EVENT_CHARS)
                self._room -= delta.length
                pieces += 1
                self._finish = None
                if type(delta) not in self._kinds:
                    self._note_kind(delta)
            elif isinstance(delta, Usage):
                self._usage = delta
            else:
                self._finish = delta
        if self._room < 0 or self._cursor + len(events) > limits.reply_events:
            self._ending = self._too_long()
            del events[limits.reply_events - self._cursor :]
        now, is_first = pace.now(), pace.last is None
        if events:
            pace.note(pieces, now)
            self._cursor = self._log.append(self._cursor, events)
        if self._ending is not None:
            self._leave()
        elif self._finish is None or self._finish.reason is None:
            pace.alive = now
            if events and is_first:
                self._watch_deadline()  # the limit of a silence is another one now

    def _note_kind(self, part: Part) -> None:
        if isinstance(part, ReasoningEnd):
            self._kinds = self._kinds - {Text} | {Reasoning}
        elif not isinstance(part, Text) or not part.text.isspace():
            self._kinds.add(type(part))

    def _leave(self) -> None:
        """Stop the provider."""
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(self._pace.now())

    def _watch_deadline(self) -> None:
        """Leave if the deadline has passed, else look again at the next one.

        Signs of life only note the time, so that they cost no timer.
        """
        if self._watch is not None:
            self._watch.cancel()
        deadline = self._deadline()
        if self._pace.now() >= deadline:
            self._leave()
        else:
            self._watch = asyncio.get_running_loop().call_at(deadline, self._watch_deadline)

    def _deadline(self) -> float:
        """The next deadline: any sign of life puts off the first token and the next one, up to the total."""
        pace, limits = self._pace, self._limits
        silence = limits.first_token if pace.last is None else limits.idle
        return min(pace.started + limits.total, pace.alive + silence)

    def _missed_deadline(self) -> Failed:
        pace, limits = self._pace, self._limits
        if pace.now() >= pace.started + limits.total:
            return Failed("total_timeout", f"The reply took longer than {limits.total:g} s.", True)
        if pace.last is None:
            return Failed(
                "first_token_timeout", f"The model said nothing within {limits.first_token:g} s.", True
            )
        return Failed("idle_timeout", f"The model fell silent for {limits.idle:g} s.", True)

    def _too_long(self) -> Failed:
        if self._room < 0:
            limit = f"is longer than {self._limits.reply_chars} characters"
        else:
            limit = f"has more than {self._limits.reply_events} pieces"
        return Failed("reply_too_long", f"The reply {limit}.", False)


class _Pace:
    """Measures when pieces arrive, on a monotonic clock in seconds, and informs the observer."""

    def __init__(self, now: Callable[[], float], arrived: float | None, observer: Observer) -> None:
        self.now = now
        self.started = self.alive = now()
        self._arrived = self.started if arrived is None else arrived
        self._requested: float | None = None
        self._observer = observer
        self.first: float | None = None
        self.last: float | None = None
        self._longest_gap = 0.0
        self._tokens = 0

    def request(self) -> None:
        """Note that the provider gets its request now."""
        self._requested = self.now()

    def note(self, pieces: int, now: float) -> None:
        """Note that this many pieces arrived together now."""
        if self.last is None:
            self.first = now
            self._observer.first_tokens(pieces, now - self._arrived)
        else:
            gap = now - self.last
            self._longest_gap = max(gap, self._longest_gap)
            self._observer.more_tokens(pieces, gap)
        self.last = now
        self._tokens += pieces

    def timing(self) -> Timing:
        """The measurements up to now."""
        now, requested = self.now(), self._requested
        first, last, rate, gap = self.first, self.last, None, None
        if first is not None and last is not None and last > first:
            rate = (self._tokens - 1) / (last - first)
        if last is not None:
            gap = max(now - last, self._longest_gap)
        return Timing(
            first_token=None if first is None else first - self.started,
            duration=now - self.started,
            tokens=self._tokens,
            tokens_per_second=rate,
            longest_gap=gap,
            server=None if requested is None else requested - self._arrived,
            provider=None if requested is None or first is None else first - requested,
        )
