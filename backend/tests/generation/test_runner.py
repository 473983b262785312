import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import pytest

from headwater.generation.kinds.reasoning import Reasoning, ReasoningEnd
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import EVENT_CHARS, changed, follow
from headwater.generation.observer import Observer
from headwater.generation.outcome import (
    Cancelled,
    Completed,
    Failed,
    FinishReason,
    Interrupted,
    NoText,
    Outcome,
    Usage,
)
from headwater.generation.parts import Event, Part
from headwater.generation.provider import Delta, Finish, Prompt, PromptMessage, ProviderError, Take
from headwater.generation.runner import Limits, Runner
from headwater.live.memory import MemoryLog
from tests.limits import run_limits

PROMPT = Prompt("gen_1", "model", (PromptMessage("user", "hello"),))

Step = Sequence[Delta] | Callable[[], Awaitable[object]] | BaseException


class Playing:
    """A provider that plays steps: batches to say, things to wait for, errors to raise."""

    def __init__(self, *steps: Step) -> None:
        self._steps = steps
        self.closed = asyncio.Event()

    async def generate(self, prompt: Prompt, take: Take) -> None:
        try:
            for step in self._steps:
                if isinstance(step, BaseException):
                    raise step
                if callable(step):
                    await step()
                else:
                    take(step)
        finally:
            self.closed.set()


async def for_ever() -> None:
    await asyncio.Event().wait()


async def run(*steps: Step, limits: Limits = run_limits()) -> tuple[list[Event], Outcome]:
    log = MemoryLog()
    provider = Playing(*steps)
    async with asyncio.timeout(5):
        outcome = await Runner(log, provider, PROMPT, limits).run()
    assert provider.closed.is_set()
    pages = [page async for page in follow(log)]
    assert pages[-1].outcome == outcome
    return [event for page in pages for event in page.events], outcome


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
async def test_a_reply_that_is_finished(reason: FinishReason) -> None:
    said = [Text("a"), Reasoning("b")]
    events, outcome = await run(said, [Text("c"), Finish(reason), Usage(3, 4)])
    assert events == [*said, Text("c")]
    assert (outcome.status, outcome.usage) == (Completed(reason), Usage(3, 4))


async def test_usage_that_comes_after_the_finish_is_taken() -> None:
    _, outcome = await run([Text("a"), Finish("stop")], [Usage(1, 2)])
    assert outcome.usage == Usage(1, 2)


async def test_the_last_finish_counts_and_a_part_takes_it_back() -> None:
    _, outcome = await run([Text("a"), Finish("stop")], [Finish("length")])
    assert outcome.status == Completed("length")
    events, outcome = await run([Text("a"), Finish("stop")], [Text("b")])
    assert events == [Text("a"), Text("b")]
    assert isinstance(outcome.status, Failed)
    _, outcome = await run([Text("a"), Finish("stop"), Finish(None)])
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "provider_error"


@pytest.mark.parametrize(
    ("deltas", "no_text"),
    [
        ([], "empty"),
        ([Text("\n ")], "empty"),
        ([Reasoning("hm"), Text(" ")], "reasoning"),
        ([Text("hm"), ReasoningEnd()], "reasoning"),
        ([Reasoning("hm"), Text("a")], None),
        ([Text("hm"), ReasoningEnd(), Text("a")], None),
    ],
)
async def test_the_outcome_says_what_a_reply_without_text_has_instead(
    deltas: list[Part], no_text: NoText | None
) -> None:
    _, outcome = await run(deltas, [Finish("length")])
    assert outcome.status == Completed("length", no_text)
    _, outcome = await run(deltas, [Finish("stop", called_tool=True)])
    assert outcome.status == Completed("stop", no_text and "tool_call")


async def test_nothing_that_goes_wrong_after_the_finish_fails_the_reply() -> None:
    broken = ProviderError("provider_error", "too late", retryable=True)
    _, outcome = await run([Text("a"), Finish("stop")], broken)
    assert outcome.status == Completed("stop")


async def test_a_reply_that_breaks_off_has_failed() -> None:
    events, outcome = await run([Text("a")])
    assert events == [Text("a")]
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "provider_error"
    assert outcome.status.retryable


async def test_a_providers_error_is_the_outcome_and_the_text_is_kept() -> None:
    error = ProviderError("provider_rate_limited", "later", retryable=True)
    events, outcome = await run([Text("a")], error)
    assert events == [Text("a")]
    assert outcome.status == Failed("provider_rate_limited", "later", True)


async def test_an_unforeseen_exception_is_logged_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        _, outcome = await run([Text("a")], ValueError("secret"))
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "internal_error"
    assert "secret" not in outcome.status.message
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("limits", "steps", "code"),
    [
        (run_limits(first_token=0.02), [for_ever], "first_token_timeout"),
        (run_limits(idle=0.02), [[Text("a")], for_ever], "idle_timeout"),
        (run_limits(total=0.02), [for_ever], "total_timeout"),
        (run_limits(total=0.02), [[Text("a")], for_ever], "total_timeout"),
        (run_limits(first_token=0.02), [[Usage(1, 0)], for_ever], "first_token_timeout"),
    ],
)
async def test_each_deadline_has_its_code(limits: Limits, steps: list[Step], code: str) -> None:
    events, outcome = await run(*steps, limits=limits)
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == code
    assert events == [step[0] for step in steps if isinstance(step, list) and isinstance(step[0], Text)]


async def test_reasoning_counts_as_a_first_token() -> None:
    limits = run_limits(first_token=0.02, idle=0.06)
    _, outcome = await run([Reasoning("hm")], for_ever, limits=limits)
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "idle_timeout"


async def test_a_model_that_keeps_talking_is_not_idle() -> None:
    async def pause() -> None:
        await asyncio.sleep(0.1)

    steps: list[Step] = []
    for _ in range(6):
        steps += [[Text("a")], pause]
    _, outcome = await run(*steps, [Finish("stop")], limits=run_limits(first_token=0.5, idle=0.5))
    assert outcome.status == Completed("stop")


@pytest.mark.parametrize(("before", "limits"), [([], "first_token"), ([Text("a")], "idle")])
async def test_signs_of_life_put_off_all_deadlines_but_the_total(before: list[Delta], limits: str) -> None:
    async def pause() -> None:
        await asyncio.sleep(0.1)

    signs: list[Step] = [pause, []] * 8
    patient = run_limits(**{limits: 0.5})
    _, outcome = await run(before, *signs, [Text("b"), Finish("stop")], limits=patient)
    assert outcome.status == Completed("stop")
    _, outcome = await run(before, *signs, for_ever, limits=run_limits(total=0.5))
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "total_timeout"
    _, outcome = await run(before, *signs[:4], for_ever, limits=patient)
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == f"{limits}_timeout"


async def test_a_first_token_may_take_longer_than_a_later_silence() -> None:
    async def pause() -> None:
        await asyncio.sleep(0.3)

    async def short_pause() -> None:
        await asyncio.sleep(0.01)

    limits = run_limits(first_token=5, idle=0.2)
    events, outcome = await run(pause, [Text("a")], short_pause, [Text("b")], for_ever, limits=limits)
    assert events == [Text("a"), Text("b")]
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "idle_timeout"


async def test_a_providers_own_time_out_is_not_taken_for_ours() -> None:
    _, outcome = await run([Text("a")], TimeoutError())
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "internal_error"


@pytest.mark.parametrize("status", [Cancelled("user"), Cancelled("abandoned"), Interrupted()])
async def test_stopping_keeps_what_was_said_and_stops_the_model(status: Cancelled | Interrupted) -> None:
    log = MemoryLog()
    provider = Playing([Text("a")], for_ever)
    runner = Runner(log, provider, PROMPT, run_limits())
    async with asyncio.timeout(5):
        running = asyncio.create_task(runner.run())
        await changed(log, 0)
        runner.stop(status)
        runner.stop(Cancelled("abandoned"))
        outcome = await running
        await provider.closed.wait()
    assert outcome.status == status
    assert log.read(0).events == (Text("a"),)


async def test_nothing_that_comes_after_the_stop_is_taken() -> None:
    async def stop() -> None:
        runner.stop(Cancelled("user"))

    log = MemoryLog()
    steps: list[Step] = [[Text("a")], stop, [Text("b"), Finish("stop")], for_ever]
    runner = Runner(log, Playing(*steps), PROMPT, run_limits())
    async with asyncio.timeout(5):
        assert (await runner.run()).status == Cancelled("user")
    assert log.read(0).events == (Text("a"),)


async def test_stopping_closes_a_model_that_has_finished_and_does_not_end() -> None:
    log = MemoryLog()
    provider = Playing([Text("a"), Finish("stop")], for_ever)
    runner = Runner(log, provider, PROMPT, run_limits())
    async with asyncio.timeout(5):
        running = asyncio.create_task(runner.run())
        await changed(log, 0)
        runner.stop(Cancelled("user"))
        assert (await running).status == Completed("stop")
        await provider.closed.wait()


async def test_stopping_before_the_run_starts() -> None:
    runner = Runner(MemoryLog(), Playing([Text("a")]), PROMPT, run_limits())
    runner.stop(Cancelled("user"))
    assert (await runner.run()).status == Cancelled("user")


async def test_stopping_after_the_end_changes_nothing() -> None:
    runner = Runner(MemoryLog(), Playing([Finish("stop")]), PROMPT, run_limits())
    outcome = await runner.run()
    runner.stop(Cancelled("user"))
    assert outcome.status == Completed("stop", "empty")


async def test_a_cancelled_run_closes_its_log_and_goes_on_being_cancelled() -> None:
    log = MemoryLog()
    running = asyncio.create_task(Runner(log, Playing([Text("a")], for_ever), PROMPT, run_limits()).run())
    await changed(log, 0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    outcome = log.read(0).outcome
    assert outcome is not None
    assert outcome.status == Interrupted()


async def test_a_reply_that_is_too_long_is_cut_at_the_limit() -> None:
    events, outcome = await run([Text("abc")], [Text("🚀🚀🚀")], for_ever, limits=run_limits(reply_chars=5))
    assert events == [Text("abc"), Text("🚀🚀")]
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "reply_too_long"


@pytest.mark.parametrize("batches", [["a", "b", "c", "d"], ["ab", "cd"], ["abcd"]])
async def test_a_reply_in_too_many_pieces_is_cut_at_the_limit(batches: list[str]) -> None:
    steps = [[Text(letter) for letter in batch] for batch in batches]
    events, outcome = await run(*steps, for_ever, limits=run_limits(reply_events=3))
    assert events == [Text("a"), Text("b"), Text("c")]
    assert outcome.status == Failed("reply_too_long", "The reply has more than 3 pieces.", False)
    events, outcome = await run(*steps, [Finish("stop")], limits=run_limits(reply_events=4))
    assert (len(events), outcome.status) == (4, Completed("stop"))


async def test_a_reply_of_exactly_the_limit_is_whole() -> None:
    events, outcome = await run([Text("abcde"), Finish("stop")], limits=run_limits(reply_chars=5))
    assert (events, outcome.status) == ([Text("abcde")], Completed("stop"))


async def test_a_giant_delta_becomes_events_that_fit_into_a_page() -> None:
    text = "🚀" * (2 * EVENT_CHARS + 1)
    events, outcome = await run([Text(text), Finish("stop")])
    assert outcome.timing is not None
    assert outcome.timing.tokens == 1
    assert [event.length for event in events] == [EVENT_CHARS, EVENT_CHARS, 1]
    assert text_of(events) == text


async def test_timing_is_measured_from_the_start() -> None:
    async def pause() -> None:
        await asyncio.sleep(0.03)

    _, outcome = await run(pause, [Text("a")], pause, [Text("b")], pause, [Finish("stop")])
    timing = outcome.timing
    assert timing is not None
    assert timing.first_token is not None
    assert timing.longest_gap is not None
    assert timing.tokens_per_second is not None
    assert timing.tokens == 2
    assert 0.029 <= timing.first_token < timing.duration
    assert 0.029 <= timing.longest_gap < 1
    assert 1 <= timing.tokens_per_second <= 1 / 0.029
    assert timing.duration >= 0.089


async def test_the_silence_before_the_end_is_a_gap() -> None:
    _, outcome = await run([Text("a")], for_ever, limits=run_limits(idle=0.05))
    assert outcome.timing is not None
    assert outcome.timing.longest_gap is not None
    assert outcome.timing.longest_gap >= 0.049


async def test_nothing_said_is_nothing_measured() -> None:
    _, outcome = await run([Finish("stop")])
    timing = outcome.timing
    assert timing is not None
    assert (timing.first_token, timing.tokens, timing.tokens_per_second, timing.longest_gap) == (
        None,
        0,
        None,
        None,
    )


async def test_timing_tells_which_hop_waited() -> None:
    async def pause() -> None:
        await asyncio.sleep(0.03)

    arrived = asyncio.get_running_loop().time() - 5
    runner = Runner(
        MemoryLog(), Playing(pause, [Text("a")], [Finish("stop")]), PROMPT, run_limits(), arrived=arrived
    )
    timing = (await runner.run()).timing
    assert timing is not None
    assert timing.server is not None
    assert timing.provider is not None
    assert timing.first_token is not None
    assert 5 <= timing.server < 10
    assert 0.029 <= timing.provider <= timing.first_token


async def test_a_provider_that_said_nothing_has_no_time_and_one_that_was_not_asked_ends_none() -> None:
    _, outcome = await run([Finish("stop")])
    assert outcome.timing is not None
    assert outcome.timing.server is not None
    assert outcome.timing.provider is None
    runner = Runner(MemoryLog(), Playing([Text("a")]), PROMPT, run_limits())
    runner.stop(Cancelled("user"))
    timing = (await runner.run()).timing
    assert timing is not None
    assert (timing.server, timing.provider) == (None, None)


class Noting(Observer):
    """Keeps what it is told, as it is told."""

    def __init__(self) -> None:
        self.first: list[tuple[int, float]] = []
        self.more: list[tuple[int, float]] = []
        self.ends: list[tuple[Outcome, float | None]] = []

    def first_tokens(self, tokens: int, waited: float) -> None:
        self.first.append((tokens, waited))

    def more_tokens(self, tokens: int, gap: float) -> None:
        self.more.append((tokens, gap))

    def closed(self, outcome: Outcome, stopping: float | None) -> None:
        self.ends.append((outcome, stopping))


async def test_an_observer_is_told_of_each_arrival_and_of_the_end() -> None:
    async def pause() -> None:
        await asyncio.sleep(0.03)

    observer, arrived = Noting(), asyncio.get_running_loop().time() - 5
    steps: list[Step] = [[Text("a"), Text("b")], pause, [Reasoning("c")], [Finish("stop")]]
    outcome = await Runner(
        MemoryLog(), Playing(*steps), PROMPT, run_limits(), arrived=arrived, observer=observer
    ).run()
    [(tokens, waited)], [(more, gap)] = observer.first, observer.more
    assert (tokens, more) == (2, 1)
    assert 5 <= waited < 5.5
    assert 0.029 <= gap < 1
    assert observer.ends == [(outcome, None)]


async def test_an_observer_is_told_how_long_a_stop_took() -> None:
    observer, begun = Noting(), asyncio.Event()

    async def slow_to_stop() -> None:
        begun.set()
        try:
            await for_ever()
        finally:
            await asyncio.sleep(0.03)

    runner = Runner(MemoryLog(), Playing(slow_to_stop), PROMPT, run_limits(), observer=observer)
    task = asyncio.create_task(runner.run())
    await begun.wait()
    runner.stop(Cancelled("user"))
    runner.stop(Cancelled("abandoned"))
    outcome = await task
    [(told, stopping)] = observer.ends
    assert told == outcome
    assert stopping is not None
    assert 0.029 <= stopping < 1


async def test_an_observer_is_told_of_an_end_by_cancellation() -> None:
    observer, said = Noting(), asyncio.Event()

    async def saying() -> None:
        said.set()
        await for_ever()

    task = asyncio.create_task(
        Runner(MemoryLog(), Playing(saying), PROMPT, run_limits(), observer=observer).run()
    )
    await said.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [end.status for end, _ in observer.ends] == [Interrupted()]
