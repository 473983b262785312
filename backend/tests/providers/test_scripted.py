import asyncio
import time
from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text
from headwater.generation.outcome import Usage
from headwater.generation.provider import Delta, Finish, Prompt, PromptMessage, ProviderError, Sampling
from headwater.providers.scripted import Fault, Script, ScriptedProvider

FAST = Script(tokens_per_second=1e6)


async def play(
    model: str = "echo",
    message: str = "one two three",
    script: Script = FAST,
    max_tokens: int | None = None,
    begun: str | None = None,
    sampling: Sampling = Sampling(),
) -> list[tuple[Delta, float]]:
    """What is said, and when (seconds), where a reply has `begun` already if so."""
    clock = asyncio.get_running_loop().time
    started = clock()
    turns = (PromptMessage("user", message), *([] if begun is None else [PromptMessage("assistant", begun)]))
    prompt = Prompt("gen_1", model, turns, None, max_tokens, script, sampling)
    said: list[tuple[Delta, float]] = []
    await ScriptedProvider().generate(
        prompt, lambda batch: said.extend((delta, clock() - started) for delta in batch)
    )
    return said


def text(said: Sequence[tuple[Delta, float]]) -> str:
    return "".join(delta.text for delta, _ in said if isinstance(delta, Text))


async def test_echo_says_the_message_word_by_word() -> None:
    said = await play(message="one  two\nthree ")
    assert [delta for delta, _ in said] == [
        Text("one"),
        Text("  two"),
        Text("\nthree "),
        Usage(3, 3),
        Finish("stop"),
    ]


@given(st.text().filter(str.strip))
def test_echo_says_every_message_whole(message: str) -> None:
    assert text(asyncio.run(play(message=message))) == message


@pytest.mark.parametrize("model", ["echo", "prose", "reasoning"])
async def test_a_reply_that_was_begun_goes_on_from_there(model: str) -> None:
    whole = await play(model)
    said = [delta.text for delta, _ in whole if isinstance(delta, Text)]
    for cut in (1, 2, len(said) - 1, len(said)):
        rest = await play(model, begun="".join(said[:cut]))
        assert text(rest) == "".join(said[cut:])
        assert not [delta for delta, _ in rest if isinstance(delta, Reasoning)]
    assert text(await play(model, begun="something else")) == text(whole)


async def test_repeats_are_joined_by_a_space() -> None:
    assert text(await play(message="a b", script=Script(tokens_per_second=1e6, repeat=3))) == "a b a b a b"


async def test_max_tokens_cuts_a_reply_and_says_so() -> None:
    assert [d for d, _ in await play(max_tokens=2)][-3:] == [Text(" two"), Usage(3, 2), Finish("length")]
    assert [d for d, _ in await play(max_tokens=3)][-1] == Finish("stop")


@pytest.mark.parametrize(
    ("stop", "text_said", "reason"),
    [
        (("wo th",), "one t", Finish("stop")),
        (("three", "two"), "one ", Finish("stop")),
        (("e four", "three!"), "one two three", Finish("stop")),
        (("one",), "", Finish("stop")),
    ],
)
async def test_a_reply_ends_before_a_stop_sequence(
    stop: tuple[str, ...], text_said: str, reason: Finish
) -> None:
    said = await play(sampling=Sampling(stop=stop))
    assert text(said) == text_said
    assert said[-1][0] == reason


async def test_what_was_held_back_is_said_when_the_reply_is_cut() -> None:
    said = await play(max_tokens=2, sampling=Sampling(stop=("two three",)))
    assert [delta for delta, _ in said] == [
        Text("one"), Text(" "), Text("two"), Usage(3, 2), Finish("length"),
    ]  # fmt: skip


@pytest.mark.parametrize("jitter", [0.0, 0.9])
async def test_tokens_come_at_their_pace(jitter: float) -> None:
    message = " ".join("abcdefghijk")
    said = await play(
        message=message, script=Script(tokens_per_second=100, first_token_ms=50, jitter=jitter, seed=1)
    )
    times = [at for delta, at in said if isinstance(delta, Text)]
    assert 0.049 <= times[0] < 5
    assert times[-1] >= (0.079 if jitter else 0.149)


async def test_what_is_due_comes_together_but_not_through_a_gate() -> None:
    script = Script(tokens_per_second=1000, faults=(Fault(20, "gate"),))
    prompt = Prompt("g", "echo", (PromptMessage("user", " ".join(30 * "a")),), options=script)
    sizes: list[int] = []

    def take(batch: Sequence[Delta]) -> None:
        sizes.append(len(batch))
        time.sleep(0.03)  # nobody has time for it

    provider = ScriptedProvider()
    async with asyncio.timeout(5):
        generating = asyncio.create_task(provider.generate(prompt, take))
        await asyncio.sleep(0)
        assert provider.open_gate("g")
        await generating
    before_the_gate = list(accumulate(sizes)).index(20) + 1
    assert before_the_gate <= 2  # what was due at first, and what became due meanwhile


async def test_the_same_seed_has_the_same_rhythm() -> None:
    def gaps(said: list[tuple[Delta, float]]) -> list[float]:
        times = [at for delta, at in said if isinstance(delta, Text)]
        return [after - before for before, after in pairwise(times)]

    script = Script(tokens_per_second=50, jitter=0.9, seed=3)
    first, second = await asyncio.gather(play(script=script), play(script=script))
    assert gaps(first) == pytest.approx(gaps(second), abs=0.005)


async def test_an_error_comes_after_so_many_tokens() -> None:
    deltas: list[Delta] = []
    prompt = Prompt(
        "g", "echo", (PromptMessage("user", "a b c"),), options=Script(faults=(Fault(2, "error"),))
    )
    with pytest.raises(ProviderError):
        await ScriptedProvider().generate(prompt, deltas.extend)
    assert deltas == [Text("a"), Text(" b")]


async def test_a_fault_after_the_last_token_is_met_too() -> None:
    prompt = Prompt("g", "echo", (PromptMessage("user", "a"),), options=Script(faults=(Fault(1, "error"),)))
    with pytest.raises(ProviderError):
        await ScriptedProvider().generate(prompt, lambda _: None)


async def test_a_gate_waits_until_it_is_opened_and_each_opening_lets_one_through() -> None:
    provider = ScriptedProvider()
    script = Script(tokens_per_second=1e6, faults=(Fault(0, "gate"), Fault(1, "gate")))
    prompt = Prompt("g", "echo", (PromptMessage("user", "a b"),), options=script)
    assert not provider.open_gate("g")
    batches: asyncio.Queue[Sequence[Delta]] = asyncio.Queue()
    async with asyncio.timeout(5):
        generating = asyncio.create_task(provider.generate(prompt, batches.put_nowait))
        await asyncio.sleep(0.02)
        assert batches.empty()
        assert provider.open_gate("g")
        assert await batches.get() == [Text("a")]
        assert provider.open_gate("g")
        assert await batches.get() == [Text(" b")]
        await generating
    assert not provider.open_gate("g")


async def test_stall_says_five_words_then_waits() -> None:
    prompt = Prompt("g", "stall", (PromptMessage("user", "x"),), options=FAST)
    said: list[Delta] = []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ScriptedProvider().generate(prompt, said.extend)
    assert len(said) == 5


async def test_long_has_about_20_000_tokens() -> None:
    said = await play("long")
    assert 19_000 < len(said) < 21_000


async def test_reasoning_comes_before_the_text() -> None:
    said = [delta for delta, _ in await play("reasoning")]
    assert isinstance(said[0], Reasoning)
    assert isinstance(said[-3], Text)


@pytest.mark.parametrize("model", ["prose", "markdown", "code", "error", "slow-start", "jitter"])
async def test_every_scenario_speaks(model: str) -> None:
    prompt = Prompt(
        "g", model, (PromptMessage("user", "x"),), options=Script(tokens_per_second=1e6, first_token_ms=0)
    )
    said: asyncio.Queue[Sequence[Delta]] = asyncio.Queue()
    generating = asyncio.create_task(ScriptedProvider().generate(prompt, said.put_nowait))
    assert isinstance((await said.get())[0], Text)
    generating.cancel()
    assert f"scripted/{model}" in [found.id for found in await ScriptedProvider().models()]
    assert await ScriptedProvider().offers(model)
