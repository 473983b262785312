import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from headwater.conversations.model import Settings
from headwater.errors import UnavailableError
from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text
from headwater.generation.log import PAGE_BYTES, Piece
from headwater.generation.outcome import Completed, Outcome
from headwater.generation.parts import Event
from headwater.ids import new_id
from headwater.live.memory import MemoryLog, MemoryLogStore, MemoryPresence
from headwater.live.ports import Presence
from headwater.replies.active import ActiveReplies, Generation
from headwater.replies.checkpoint import EVERY, SHARE_EVERY, Checkpoints
from headwater.replies.ephemeral import EphemeralReplies
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, open_database, sqlite_url, unavailable
from headwater.storage.ephemeral import EphemeralRepository
from headwater.storage.replies import ReplyRepository
from tests.building import new_generation
from tests.storage.trees import COMPLETED, INTERRUPTED, begin, begun, new_message, new_reply, orphans_closed

DONE = Outcome(Completed("stop"))


class Recording(ReplyRepository):
    """Notes what is saved and closed; the first so many times it fails."""

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.saved: list[Piece] = []
        self.closed: list[tuple[str, Sequence[Event]]] = []
        self.took = asyncio.Event()

    def _fail(self) -> None:
        if self.fails:
            self.fails -= 1
            raise OperationalError("insert", {}, Exception("the disk is full"))

    async def save(self, new: Sequence[Piece]) -> Collection[str]:
        self._fail()
        self.saved += new
        self.took.set()
        return {piece.generation for piece in new}

    async def close(self, generation: str, events: Sequence[Event], *_: object) -> bool:
        self._fail()
        self.closed.append((generation, events))
        return True


class NoRows(EphemeralRepository):
    """Those of a server that is alone."""

    has_others = may_be_left = False

    def __init__(self) -> None:
        pass


class Running(list[Generation]):
    """Generations that run."""

    def start(self, name: str = "gen_1") -> tuple[Generation, MemoryLog]:
        log = MemoryLog()
        self.append(new_generation(log, id=name))
        return self[-1], log


def checkpoints_of(
    running: Running, replies: ReplyRepository, presence: Presence | None = None, **named: Any
) -> Checkpoints:
    logs, presence = MemoryLogStore(), presence or MemoryPresence()
    ephemeral = EphemeralReplies(ActiveReplies(logs), NoRows(), logs, presence)
    return Checkpoints(running, replies, logs, presence, ephemeral, lambda _: None, **named)


class ReadElsewhere(MemoryPresence):
    """All replies are read on other servers."""

    elsewhere = ("gen_1",)

    async def read_elsewhere(self) -> None:
        pass


async def test_each_saving_has_what_was_said_since_the_last() -> None:
    replies, running = Recording(), Running()
    checkpoints = checkpoints_of(running, replies)
    (_, one), (_, other) = running.start(), running.start("gen_2")
    one.append(0, [Text("a"), Reasoning("b")])
    await checkpoints.save()
    await checkpoints.save()
    one.append(2, [Text("c")])
    other.append(0, [Text("d")])
    await checkpoints.save()
    assert [(piece.generation, piece.at, list(piece.events)) for piece in replies.saved] == [
        ("gen_1", 0, [Text("a"), Reasoning("b")]),
        ("gen_1", 2, [Text("c")]),
        ("gen_2", 0, [Text("d")]),
    ]


async def test_what_could_not_be_saved_is_saved_the_next_time() -> None:
    replies, running = Recording(fails=1), Running()
    checkpoints = checkpoints_of(running, replies)
    _, one = running.start()
    one.append(0, [Text("a")])
    with pytest.raises(OperationalError):
        await checkpoints.save()
    one.append(1, [Text("b")])
    await checkpoints.save()
    assert [(piece.at, list(piece.events)) for piece in replies.saved] == [(0, [Text("a"), Text("b")])]


async def test_saving_goes_on_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("headwater.replies.checkpoint.EVERY", 0.001)
    replies, running = Recording(fails=2), Running()
    running.start()[1].append(0, [Text("a")])
    async with asyncio.timeout(10):
        task = asyncio.create_task(checkpoints_of(running, replies).run())
        await replies.took.wait()
        task.cancel()
    assert [piece.at for piece in replies.saved] == [0]
    assert caplog.text.count("could not be saved; trying again") == 2


async def test_a_fault_of_ephemeral_replies_stops_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("insert", {}, Exception("a row that is too long"))

    monkeypatch.setattr(EphemeralReplies, "save", fail)
    replies, running, shared = Recording(), Running(), asyncio.Event()
    running.start()[1].append(0, [Text("a")])
    checkpoints = checkpoints_of(running, replies, ReadElsewhere(), shared=lambda _: shared.set())
    task = asyncio.create_task(checkpoints.run())
    async with asyncio.timeout(10):
        await shared.wait()
        await replies.took.wait()
    task.cancel()
    assert caplog.text.count("could not be saved; trying again") > 0


async def test_how_far_readers_elsewhere_are_behind_counts_from_the_last_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: Any) -> None:
        raise unavailable("it does not answer")

    behind: list[float] = []
    running = Running()
    checkpoints = checkpoints_of(running, Recording(), ReadElsewhere(), shared=behind.append)
    _, log = running.start()
    log.append(0, [Text("a")])
    await checkpoints._share()
    log.append(1, [Text("b")])
    with monkeypatch.context() as outage:
        outage.setattr(MemoryLogStore, "share", fail)
        checkpoints._all_shared_at -= 1000  # that was so long ago
        with pytest.raises(UnavailableError):
            await checkpoints._share()
    await checkpoints._share()
    assert behind[0] < 1000 <= behind[1]


async def test_during_an_outage_what_is_read_elsewhere_is_tried_no_more_often_than_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleeps: list[float] = []
    sleep, third = asyncio.sleep, asyncio.Event()

    async def slept(seconds: float) -> None:
        sleeps.append(seconds)
        await sleep(0)

    async def save() -> None:
        if sleeps.count(EVERY - SHARE_EVERY) == 2:
            third.set()
        raise unavailable("it does not answer")

    monkeypatch.setattr(asyncio, "sleep", slept)
    checkpoints = checkpoints_of(Running(), Recording())
    task = asyncio.create_task(checkpoints._save_every(SHARE_EVERY, save))
    async with asyncio.timeout(10):
        await third.wait()
    task.cancel()
    assert sleeps[1:4:2] == [EVERY - SHARE_EVERY] * 2


async def test_nothing_is_kept_of_a_reply_that_runs_no_more() -> None:
    running = Running()
    checkpoints = checkpoints_of(running, Recording(), ReadElsewhere())
    generation, log = running.start()
    log.append(0, [Text("a")])
    await checkpoints._share()
    await checkpoints.save()
    assert checkpoints._shared == checkpoints._saved == {generation: 1}
    checkpoints.forget(generation)
    assert checkpoints._shared == checkpoints._saved == {}


async def test_a_row_is_written_however_often_it_must_be_tried(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("headwater.replies.checkpoint.MAX_PAUSE", 0.001)
    replies, running = Recording(fails=3), Running()
    generation, _ = running.start()
    async with asyncio.timeout(10):
        await checkpoints_of(running, replies).close(generation, [Text("a")], DONE, None)
    assert replies.closed == [("gen_1", [Text("a")])]
    assert caplog.text.count("gen_1 could not be saved") == 3


async def test_rows_that_wait_to_be_written_hold_up_neither_one_another_nor_what_runs() -> None:
    waiting: list[str] = []
    written = asyncio.Event()

    class Waiting(Recording):
        async def close(self, generation: str, events: Sequence[Event], *rest: object) -> bool:
            waiting.append(generation)
            await written.wait()
            return await super().close(generation, events, *rest)

    replies, running = Waiting(), Running()
    checkpoints = checkpoints_of(running, replies)
    ends = [running.start(name) for name in ("gen_1", "gen_2")]
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for generation, log in ends:
            log.close(log.append(0, [Text("a")]), DONE)
            tasks.create_task(checkpoints.close(generation, [Text("a")], DONE, None))
        await asyncio.sleep(0)
        running.start("gen_3")[1].append(0, [Text("b")])
        await checkpoints.save()
        assert waiting == ["gen_1", "gen_2"]
        assert [piece.generation for piece in replies.saved] == ["gen_1", "gen_2", "gen_3"]
        written.set()
    assert [name for name, _ in replies.closed] == ["gen_1", "gen_2"]


async def test_what_is_said_before_the_rows_are_there_is_saved_with_what_follows(database: Database) -> None:
    """The model is asked while the rows are written."""
    replies, running = ReplyRepository(database), Running()
    checkpoints = checkpoints_of(running, replies)
    question = new_message(None, "Why?")
    reply = new_reply(question)
    _, log = running.start(reply.generation)
    log.append(0, [Text("one ")])
    await checkpoints.save()
    await begin(
        ConversationRepository(database), "me", new_id("conv"), reply, (question,), ("A title", Settings())
    )
    log.append(1, [Text("two")])
    await checkpoints.save()
    await orphans_closed(replies)
    found = await replies.find("me", reply.generation)
    assert found is not None
    assert list(found.events) == [Text("one "), Text("two")]


@pytest.mark.parametrize("ends", [False, True])
async def test_what_a_crash_leaves_is_every_event_that_was_saved(tmp_path: Path, ends: bool) -> None:
    """Of a reply that is longer than a page of its log."""
    said: list[Event] = [Text("word " * 50) if n % 3 else Reasoning(f"{n} ") for n in range(600)]
    assert sum(event.length for event in said) > PAGE_BYTES
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        replies, running = ReplyRepository(database), Running()
        checkpoints = checkpoints_of(running, replies)
        _, _, reply = await begun(ConversationRepository(database), "me")
        generation, log = running.start(reply.generation)
        for start in (0, 250, 500):
            log.append(start, said[start : start + 250])
            await checkpoints.save()
        if ends:
            log.close(600, DONE)
            await checkpoints.close(generation, said, DONE, None)
        assert len(await orphans_closed(replies)) == (not ends)
        found = await replies.find("me", reply.generation)
        assert found is not None
        assert list(found.events) == said
        assert found.outcome == (COMPLETED if ends else INTERRUPTED)


async def test_a_reply_that_runs_when_the_process_ends_is_not_closed_for_ever(tmp_path: Path) -> None:
    """Its task is cancelled once, while the model is waited for, and only then tries to write the row."""
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        checkpoints = checkpoints_of(Running(), ReplyRepository(database))
    async with asyncio.timeout(10):
        await checkpoints.close(new_generation(MemoryLog()), [], DONE, None)
