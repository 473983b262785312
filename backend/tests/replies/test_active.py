import asyncio
import json
import logging

import pytest

from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import LogWriter
from headwater.generation.outcome import Completed, Failed, Interrupted, Outcome, Timing
from headwater.generation.provider import Prompt
from headwater.generation.runner import Runner
from headwater.live.memory import MemoryLog, MemoryLogStore
from headwater.providers.scripted import ScriptedProvider
from headwater.replies.active import EVENT_COST, ActiveReplies, ActiveReply, Generation
from headwater.replies.log_line import log_end
from headwater.replies.unread import Keep, Readers
from tests.building import new_generation, new_quota
from tests.limits import run_limits


def generation(id_: str) -> Generation:
    return new_generation(MemoryLog(), id=id_)


def log_of(found: Generation) -> LogWriter:
    assert isinstance(found.log, MemoryLog)
    return found.log


async def active(found: Generation) -> ActiveReply:
    runner = Runner(log_of(found), ScriptedProvider(), Prompt(found.id, "echo", ()), run_limits())
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(asyncio.sleep(0))
    return ActiveReply(runner, Readers(Keep(), lambda: None), new_quota().occupy("me"), begun, task)


async def close(known: ActiveReplies, found: Generation, text: str) -> None:
    end = log_of(found).append(0, [Text(text)])
    log_of(found).close(end, Outcome(Completed("stop")))
    known.close(found, found.snapshot())


async def test_closed_generations_are_forgotten_oldest_first_and_running_ones_never() -> None:
    known = ActiveReplies(MemoryLogStore(), capacity=2 * (2 * EVENT_COST + 100))
    found = [generation(f"gen_{n}") for n in range(4)]
    for each in found:
        known.add(each, await active(each))
    for each in found[1:]:
        await close(known, each, "x" * 100)
    assert [known.get(f"gen_{n}") is not None for n in range(4)] == [True, False, True, True]
    assert list(known) == [found[0]]


async def test_a_snapshot_is_all_that_was_said_however_many_pages() -> None:
    found = generation("gen_1")
    log_of(found).append(0, [Text("a" * 4000)] * 20)
    snapshot = found.snapshot()
    assert (text_of(snapshot.events), snapshot.cursor, snapshot.outcome) == ("a" * 80_000, 20, None)


async def ended(caplog: pytest.LogCaptureFixture, outcome: Outcome) -> dict[str, object]:
    """What the log says of a reply that ended so."""
    found = new_generation(MemoryLog(), owner="client_0123456789", model="local/a")
    end = log_of(found).append(0, [Reasoning("Kingfisher?"), Text("Kingfisher!\n")])
    log_of(found).close(end, outcome)
    with caplog.at_level(logging.INFO):
        log_end(found, outcome, 3)
    [record] = caplog.records
    assert record.name == "headwater.generations"
    assert "Kingfisher" not in caplog.text
    assert "\n" not in record.getMessage()
    said: dict[str, object] = json.loads(record.getMessage())
    return said


async def test_the_log_says_how_a_reply_ended_and_nothing_of_what_it_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = Failed("provider_error", "The model choked on Kingfisher.", True)
    timing = Timing(0.19, 2.1, 41, 21.4, 0.08, 0.006, 0.19)
    assert await ended(caplog, Outcome(failed, None, timing)) == {
        "generation": "gen_1",
        "conversation": "conv_1",
        "message": "msg_1",
        "client": "client_012345",
        "model": "local/a",
        "status": "failed",
        "code": "provider_error",
        "first_token_ms": 190,
        "duration_ms": 2100,
        "tokens": 41,
        "tokens_per_second": 21.4,
        "longest_gap_ms": 80,
        "server_ms": 6,
        "provider_ms": 190,
        "most_readers": 3,
    }


async def test_a_reply_of_which_nothing_was_measured_is_in_the_log_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = await ended(caplog, Outcome(Interrupted()))
    assert (said["status"], said["most_readers"]) == ("interrupted", 3)
    assert "tokens" not in said
