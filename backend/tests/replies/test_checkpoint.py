import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from headwater.generation.events import Completed, Event, Outcome, ReasoningDelta, TextDelta
from headwater.generation.fold import Content, unfold
from headwater.generation.log import PAGE_BYTES
from headwater.live.memory import MemoryLog
from headwater.replies.active import Generation, Generations
from headwater.replies.checkpoint import Saving
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import open_database, sqlite_url
from headwater.storage.replies import Piece, ReplyRepository
from tests.storage.trees import COMPLETED, INTERRUPTED, begun

DONE = Outcome(Completed("stop"))


class Recording(ReplyRepository):
    """Notes what is saved and closed; the first so many times it fails."""

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.saved: list[Piece] = []
        self.closed: list[tuple[str, Content]] = []
        self.took = asyncio.Event()

    def _fail(self) -> None:
        if self.fails:
            self.fails -= 1
            raise OperationalError("insert", {}, Exception("the disk is full"))

    async def save(self, said: Sequence[Piece]) -> None:
        self._fail()
        self.saved += said
        self.took.set()

    async def close(self, generation: str, content: Content, *_: object) -> bool:
        self._fail()
        self.closed.append((generation, content))
        return True


def running(generations: Generations, name: str = "gen_1") -> Generation:
    generation = Generation(name, "me", "conv_1", "msg_2", "msg_1", "scripted/echo", MemoryLog(), 0)
    generations._known[name] = generation
    generations.running[generation] = None  # type: ignore[assignment]
    return generation


async def test_each_saving_has_what_was_said_since_the_last() -> None:
    replies, generations = Recording(), Generations()
    saving = Saving(generations, replies)
    one, other = running(generations), running(generations, "gen_2")
    await one.log.append(0, [TextDelta("a"), ReasoningDelta("b")])
    await saving.save_running()
    await saving.save_running()
    await one.log.append(2, [TextDelta("c")])
    await other.log.append(0, [TextDelta("d")])
    await saving.save_running()
    assert [(piece.generation, piece.at, list(piece.events)) for piece in replies.saved] == [
        ("gen_1", 0, [TextDelta("a"), ReasoningDelta("b")]),
        ("gen_1", 2, [TextDelta("c")]),
        ("gen_2", 0, [TextDelta("d")]),
    ]


async def test_what_could_not_be_saved_is_saved_the_next_time() -> None:
    replies, generations = Recording(fails=1), Generations()
    saving = Saving(generations, replies)
    one = running(generations)
    await one.log.append(0, [TextDelta("a")])
    with pytest.raises(OperationalError):
        await saving.save_running()
    await one.log.append(1, [TextDelta("b")])
    await saving.save_running()
    assert [(piece.at, list(piece.events)) for piece in replies.saved] == [
        (0, [TextDelta("a"), TextDelta("b")])
    ]


async def test_saving_goes_on_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("headwater.replies.checkpoint.EVERY", 0.001)
    replies, generations = Recording(fails=2), Generations()
    await running(generations).log.append(0, [TextDelta("a")])
    async with asyncio.timeout(10):
        task = asyncio.create_task(Saving(generations, replies).run())
        await replies.took.wait()
        task.cancel()
    assert [piece.at for piece in replies.saved] == [0]
    assert caplog.text.count("could not be saved; it is tried again") == 2


async def test_a_row_is_written_however_often_it_must_be_tried(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("headwater.replies.checkpoint.LONGEST_PAUSE", 0.001)
    replies, generations = Recording(fails=3), Generations()
    generation = running(generations)
    await generation.log.close(await generation.log.append(0, [TextDelta("a")]), DONE)
    async with asyncio.timeout(10):
        await Saving(generations, replies).close(generation, await generation.snapshot(), None)
    assert replies.closed == [("gen_1", Content("a"))]
    assert caplog.text.count("gen_1 could not be saved") == 3


async def test_an_open_reply_has_no_row_to_write() -> None:
    generations = Generations()
    generation = running(generations)
    with pytest.raises(ValueError, match="gen_1 is open"):
        await Saving(generations, Recording()).close(generation, await generation.snapshot(), None)


async def test_rows_that_wait_to_be_written_hold_up_neither_one_another_nor_what_runs() -> None:
    waiting: list[str] = []
    written = asyncio.Event()

    class Waiting(Recording):
        async def close(self, generation: str, content: Content, *rest: object) -> bool:
            waiting.append(generation)
            await written.wait()
            return await super().close(generation, content, *rest)

    replies, generations = Waiting(), Generations()
    saving = Saving(generations, replies)
    ends = [running(generations, name) for name in ("gen_1", "gen_2")]
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for each in ends:
            await each.log.close(await each.log.append(0, [TextDelta("a")]), DONE)
            tasks.create_task(saving.close(each, await each.snapshot(), None))
        await asyncio.sleep(0)
        await running(generations, "gen_3").log.append(0, [TextDelta("b")])
        await saving.save_running()
        assert waiting == ["gen_1", "gen_2"]
        assert [piece.generation for piece in replies.saved] == ["gen_1", "gen_2", "gen_3"]
        written.set()
    assert [name for name, _ in replies.closed] == ["gen_1", "gen_2"]


@pytest.mark.parametrize("ends", [False, True])
async def test_what_a_crash_leaves_is_every_event_that_was_saved(tmp_path: Path, ends: bool) -> None:
    """Of a reply that is longer than a page of its log."""
    said: list[Event] = [TextDelta("word " * 50) if n % 3 else ReasoningDelta(f"{n} ") for n in range(600)]
    assert sum(len(event.text) for event in said) > PAGE_BYTES
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as database:
        replies, generations = ReplyRepository(database), Generations()
        saving = Saving(generations, replies)
        _, _, reply = await begun(ConversationRepository(database), "me")
        generation = running(generations, reply.generation)
        for start in (0, 250, 500):
            await generation.log.append(start, said[start : start + 250])
            await saving.save_running()
        if ends:
            await generation.log.close(600, DONE)
            await saving.close(generation, await generation.snapshot(), None)
        assert await replies.close_orphans(INTERRUPTED) == (not ends)
        found = await replies.find("me", reply.generation)
        assert found is not None
        assert list(unfold(found.content, found.shape)) == said
        assert found.outcome == (COMPLETED if ends else INTERRUPTED)
