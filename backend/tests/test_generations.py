import asyncio

from headwater.generation.events import Completed, Outcome, TextDelta
from headwater.generation.provider import Prompt
from headwater.generation.readers import Readers
from headwater.generation.runner import Runner
from headwater.generations import EVENT_COST, Generation, Generations, Run
from headwater.logs.memory import MemoryLog
from headwater.providers.scripted import ScriptedProvider
from tests.limits import run_limits


def generation(id_: str) -> Generation:
    return Generation(id_, "me", "conv", "msg_2", "msg_1", "scripted/echo", MemoryLog())


def run(found: Generation) -> Run:
    runner = Runner(found.log, ScriptedProvider(), Prompt(found.id, "echo", ()), run_limits())
    return Run(runner, Readers(60, lambda: None), asyncio.create_task(nothing()))


async def nothing() -> None:
    pass


async def close(known: Generations, found: Generation, text: str) -> None:
    end = await found.log.append(0, [TextDelta(text)])
    await found.log.close(end, Outcome(Completed("stop")))
    known.close(found, await found.snapshot())


async def test_closed_generations_are_forgotten_oldest_first_and_running_ones_never() -> None:
    known = Generations(capacity=2 * (2 * EVENT_COST + 100))
    found = [generation(f"gen_{n}") for n in range(4)]
    for each in found:
        known.add(each, run(each))
    for each in found[1:]:
        await close(known, each, "x" * 100)
    assert [known.get(f"gen_{n}") is not None for n in range(4)] == [True, False, True, True]
    assert list(known.running) == [found[0]]


async def test_a_snapshot_is_all_that_was_said_however_many_pages() -> None:
    found = generation("gen_1")
    await found.log.append(0, [TextDelta("a" * 4000)] * 20)
    snapshot = await found.snapshot()
    assert (snapshot.content.text, snapshot.cursor, snapshot.outcome) == ("a" * 80_000, 20, None)
