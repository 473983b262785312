"""A provider without a model: it plays known texts with exact, reproducible timing."""

import asyncio
import random
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from itertools import islice
from typing import Literal, TypeAlias, assert_never

from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text
from headwater.generation.outcome import Usage
from headwater.generation.provider import Delta, Finish, Prompt, ProviderError, Take
from headwater.providers.catalogue import Model
from headwater.providers.stop_sequences import StopSequences

FaultKind: TypeAlias = Literal["error", "stall", "gate"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens after `after` tokens.

    `error` fails the reply, `stall` sends nothing more, and `gate` waits until it is opened.
    """

    after: int
    kind: FaultKind


@dataclass(frozen=True, slots=True)
class Script:
    """How a scenario is played; None keeps the scenario's own value.

    The gap between two tokens is 1 / `tokens_per_second` s, varied by up to `jitter` (0 to 1, a share of the
    gap) in a way that `seed` determines. The text is repeated `repeat` times.
    """

    tokens_per_second: float | None = None
    first_token_ms: float | None = None
    jitter: float | None = None
    seed: int | None = None
    repeat: int | None = None
    faults: tuple[Fault, ...] | None = None

    def over(self, scenario: "Script") -> "Script":
        """This script, with the scenario's values where it has none."""
        overrides = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        return replace(scenario, **overrides)


@dataclass(frozen=True, slots=True)
class _Scenario:
    about: str
    text: str | None  # a file in scenarios/; None repeats the user's message
    script: Script = Script()
    thinks: bool = False  # its first paragraph is reasoning


_SCENARIOS = {
    "echo": _Scenario("says your message back", None),
    "prose": _Scenario("a few paragraphs", "prose"),
    "markdown": _Scenario("headings, lists, tables, mathematics", "markdown"),
    "code": _Scenario("programs in several languages", "code"),
    "reasoning": _Scenario("thinks aloud first", "reasoning", thinks=True),
    "long": _Scenario("about 20,000 tokens", "markdown", Script(tokens_per_second=1000, repeat=81)),
    "slow-start": _Scenario("waits before it speaks", "prose", Script(first_token_ms=4000)),
    "stall": _Scenario("falls silent after five words", "prose", Script(faults=(Fault(5, "stall"),))),
    "error": _Scenario("fails in mid-reply", "prose", Script(faults=(Fault(40, "error"),))),
    "jitter": _Scenario("an uneven pace", "prose", Script(jitter=0.9)),
}


CONTEXT_WINDOW = 8192
"""Tokens of the scripted models' context window, so that a full window can be tested without a model."""


MAX_BATCH = 100
"""The most tokens in a batch, however late they are, so that other tasks can run."""


class ScriptedProvider:
    """Plays scenarios; see `Provider`. A prompt's `options` are a `Script`."""

    name = "scripted"

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Semaphore] = {}

    @property
    def provider(self) -> "ScriptedProvider":
        """It answers for its own models."""
        return self

    async def models(self) -> Sequence[Model]:
        """See `Source.models`."""
        return [
            Model(f"scripted/{name}", f"Scripted: {scenario.about}", "scripted", CONTEXT_WINDOW)
            for name, scenario in _SCENARIOS.items()
        ]

    async def offers(self, name: str) -> bool:
        """See `Source.offers`."""
        return name in _SCENARIOS

    def open_gate(self, generation: str) -> bool:
        """Open the gate at which a generation waits, or else its next gate; False if it does not run."""
        gate = self._gates.get(generation)
        if gate is None:
            return False
        gate.release()
        return True

    async def generate(self, prompt: Prompt, take: Take) -> None:
        """See `Provider.generate`."""
        scenario = _SCENARIOS[prompt.model]
        script = prompt.options if isinstance(prompt.options, Script) else Script()
        script = script.over(scenario.script)
        deltas = _deltas(scenario, prompt, script.repeat or 1)
        gate = self._gates[prompt.generation] = asyncio.Semaphore(0)
        stops = StopSequences(prompt.sampling.stop)
        count = 0
        try:
            async with aclosing(_on_time(islice(deltas, prompt.max_tokens), script, gate)) as batches:
                async for batch in batches:
                    sent: list[Delta] = []
                    for delta in batch:
                        count += 1
                        sent += _until_stop(delta, stops)
                        if stops.met:
                            break
                    take(sent)
                    if stops.met:
                        break
            is_complete = stops.met or next(deltas, None) is None
            words = sum(len(message.text.split()) for message in prompt.messages)
            rest = [Text(rest)] if (rest := stops.rest()) else []
            take([*rest, Usage(words, count), Finish("stop" if is_complete else "length")])
        finally:
            del self._gates[prompt.generation]


def _until_stop(delta: Text | Reasoning, stops: StopSequences) -> Sequence[Delta]:
    """The part of a token before a stop sequence; reasoning has no stop sequences."""
    if isinstance(delta, Reasoning):
        return (delta,)
    text = stops.feed(delta.text)
    return (Text(text),) if text else ()


async def _on_time(
    deltas: Iterator[Text | Reasoning], script: Script, gate: asyncio.Semaphore
) -> AsyncGenerator[Sequence[Text | Reasoning], None]:
    """Yield each token at its time; a gate delays all tokens after it.

    If the process is late, all tokens that are due come in one batch, as they would from the buffer of a
    socket. One token per wake-up would never catch up.
    """
    clock = asyncio.get_running_loop().time
    dice = random.Random(script.seed or 0)  # noqa: S311 - timing, not a secret
    gap = 1 / (script.tokens_per_second or 50.0)
    jitter = script.jitter or 0.0
    faults = {fault.after for fault in script.faults or ()}
    due = clock() + (script.first_token_ms or 0.0) / 1000
    batch: list[Text | Reasoning] = []
    count = 0
    for delta in deltas:
        if batch and (count in faults or due > clock() or len(batch) >= MAX_BATCH):
            yield tuple(batch)
            batch = []
        if await _meet_faults(script, count, gate):
            due = clock()
        if not batch:
            await asyncio.sleep(max(0.0, due - clock()))
        batch.append(delta)
        count += 1
        due += gap * dice.uniform(1 - jitter, 1 + jitter)
    if batch:
        yield tuple(batch)
    await _meet_faults(script, count, gate)


async def _meet_faults(script: Script, count: int, gate: asyncio.Semaphore) -> bool:
    """Apply the faults after this number of tokens; returns whether there were any."""
    kinds = [fault.kind for fault in script.faults or () if fault.after == count]
    for kind in kinds:
        match kind:
            case "error":
                raise ProviderError(
                    "provider_error", "The scripted model failed, as it was asked to.", retryable=True
                )
            case "stall":
                await asyncio.Event().wait()
            case "gate":
                await gate.acquire()
            case _:
                assert_never(kind)
    return bool(kinds)


def _deltas(scenario: _Scenario, prompt: Prompt, repeat: int) -> Iterator[Text | Reasoning]:
    """The whole reply; if the prompt ends with its beginning, only the rest."""
    beginning = prompt.messages[-1].text if prompt.messages[-1].role == "assistant" else ""
    if scenario.text is None:
        text, separator = (
            next((message.text for message in reversed(prompt.messages) if message.role == "user"), ""),
            " ",
        )
    else:
        text = files(__package__).joinpath("scenarios", f"{scenario.text}.md").read_text("utf-8").rstrip()
        separator = "\n\n"
    if scenario.thinks:
        thought, _, text = text.partition("\n\n")
        if not beginning:
            yield from map(Reasoning, _tokens(thought))
    for time in range(repeat):
        for token in _tokens(separator + text if time else text):
            if beginning.startswith(token):
                beginning = beginning[len(token) :]
            else:
                beginning = ""
                yield Text(token)


def _tokens(text: str) -> list[str]:
    """The words of a text, each with the white space before it."""
    return re.findall(r"\s*\S+(?:\s+\Z)?", text)
