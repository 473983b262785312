import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headwater import generations
from headwater.conversations.model import Settings
from headwater.errors import ConflictError, CursorConflictError, NotFoundError, RateLimitedError
from headwater.generation.events import Cancelled, Completed
from headwater.generation.provider import Delta, Prompt, Turn
from headwater.live.changes import Changes
from headwater.live.memory import MemoryLog
from headwater.metrics import Metrics
from headwater.providers.catalogue import Catalogue
from headwater.providers.scripted import Fault, Script, ScriptedProvider
from headwater.replies.active import Generations
from headwater.replies.plan import Ask, AskAgain, AskOnce
from headwater.replies.service import Chat, ChatLimits
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, open_database, sqlite_url
from headwater.storage.replies import ReplyRepository
from tests.limits import chat_limits, run_limits

FAST = Script(tokens_per_second=1e6)


class Recording(ScriptedProvider):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[Prompt] = []

    def generate(self, prompt: Prompt) -> AsyncGenerator[Sequence[Delta], None]:
        self.prompts.append(prompt)
        return super().generate(prompt)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as opened:
        yield opened


def new_chat(
    database: Database,
    provider: ScriptedProvider | None = None,
    conversations: ConversationRepository | None = None,
    limits: ChatLimits | None = None,
) -> Chat:
    return Chat(
        catalogue=Catalogue([provider or ScriptedProvider()]),
        conversations=conversations or ConversationRepository(database),
        replies=ReplyRepository(database),
        changes=Changes(),
        metrics=Metrics(),
        new_log=MemoryLog,
        limits=limits or chat_limits(),
        run_limits=run_limits(),
    )


async def test_a_key_outlives_its_log_and_never_runs_its_reply_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = new_chat(database)
    monkeypatch.setattr(chat, "generations", Generations(capacity=1))
    ask = Ask("hello", model="scripted/echo", script=FAST)
    first = await chat.start("me", ask, "key")
    assert await chat.start("me", ask, "key") is first
    await chat.finished(first)
    id_, log = first.id, weakref.ref(first.log)
    del first
    for n in range(2):
        await chat.finished(await chat.start("me", ask, f"other {n}"))
    await chat.drain(5)
    gc.collect()
    assert log() is None
    chat.draining = False
    again = await chat.start("me", ask, "key")
    assert again.id == id_
    assert (await again.snapshot()).content.text == "hello"


async def test_a_drained_chat_has_nothing_running(database: Database) -> None:
    chat = new_chat(database)
    generation = await chat.start("me", Ask("hello", model="scripted/stall", script=FAST))
    await chat.drain(0)
    snapshot = await generation.snapshot()
    assert snapshot.outcome is not None
    assert chat.draining


async def test_a_reply_without_text_is_no_part_of_the_context(database: Database) -> None:
    """Model servers refuse an empty message."""
    provider = Recording()
    chat = new_chat(database, provider)
    fails = Script(faults=(Fault(0, "error"),))
    first = await chat.start("me", Ask("one", model="scripted/echo", system="Be brief.", script=fails))
    await chat.finished(first)
    ask = Ask("two", conversation=first.conversation, model="scripted/echo", script=FAST)
    await chat.finished(await chat.start("me", ask))
    await chat.drain(5)
    assert provider.prompts[0].turns == (Turn("system", "Be brief."), Turn("user", "one"))
    assert provider.prompts[1].turns == (
        Turn("system", "Be brief."),
        Turn("user", "one"),
        Turn("user", "two"),
    )


class Broken(ConversationRepository):
    """A database that is full."""

    async def begin(self, *_: object) -> None:
        raise OSError("disk full")


async def test_a_reply_that_cannot_be_kept_does_not_run(database: Database) -> None:
    provider = Recording()
    chat = new_chat(database, provider, Broken(database))
    for _ in range(20):  # more than one client may run at once
        with pytest.raises(OSError, match="disk full"):
            await chat.start("me", Ask("hello", model="scripted/echo"))
    assert not chat.generations.running
    assert not provider.prompts


async def test_who_knows_of_the_end_can_go_on_while_the_row_is_being_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = new_chat(database)
    may_write, close = asyncio.Event(), chat.saving.close

    async def close_later(*closed: Any) -> None:
        await may_write.wait()
        await close(*closed)

    monkeypatch.setattr(chat.saving, "close", close_later)
    fails = Script(tokens_per_second=1e6, faults=(Fault(2, "error"),))
    cut = await chat.start("me", Ask("one two three", model="scripted/echo", script=fails))
    await chat.finished(cut)
    assert chat.generations.is_running(cut.id)
    rest = await chat.start("me", AskAgain(cut.conversation, cut.message, script=FAST))
    may_write.set()
    content, _ = await chat.finished(rest)
    assert content.text == " three"
    await chat.drain(5)


class Slow(ConversationRepository):
    """A database with a queue in front of it."""

    async def begin(self, *beginning: Any) -> None:
        await asyncio.sleep(0.1)
        await super().begin(*beginning)


async def test_nobody_is_missed_before_a_reply_has_begun(database: Database) -> None:
    chat = new_chat(database, conversations=Slow(database), limits=chat_limits(abandon_after=0.05))
    generation = await chat.start("me", Ask("hello", model="scripted/echo", script=FAST))
    _, outcome = await chat.finished(generation)
    assert outcome.status == Completed("stop")
    await chat.drain(5)


async def test_a_client_that_leaves_while_a_reply_begins_leaves_it_whole(database: Database) -> None:
    chat = new_chat(database)
    starting = asyncio.create_task(chat.start("me", Ask("one two", model="scripted/echo", script=FAST)))
    async with asyncio.timeout(10):
        while not chat.generations.running:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await chat.drain(5)
    repository = ConversationRepository(database)
    (name,) = await repository.ids("me")
    _, messages = await repository.read("me", name)
    assert [message.text for message in messages] == ["one two", "one two"]
    assert messages[1].outcome is not None


async def test_starts_at_the_same_moment_count_against_each_other(database: Database) -> None:
    chat = new_chat(database, limits=chat_limits(active_per_client=3))
    asks = [chat.start("me", Ask("hello", model="scripted/stall")) for _ in range(10)]
    started = await asyncio.gather(*asks, return_exceptions=True)
    assert sum(isinstance(each, RateLimitedError) for each in started) == 7
    assert len(chat.generations.running) == 3
    await chat.drain(0)


async def test_a_closed_log_leaves_memory_and_its_row_answers(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "RETENTION", 0.0)
    chat = new_chat(database)
    first = await chat.start("me", Ask("one two three", model="scripted/echo", script=FAST))
    content, outcome = await chat.finished(first)
    async with asyncio.timeout(10):
        while chat.generations.get(first.id) is not None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    again = await chat.find("me", first.id)
    assert again is not first
    assert again.log is not first.log
    assert (await chat.finished(again))[0] == content
    for after in range(4):
        pages = [page async for page in chat.follow(again, after)]
        assert "".join(event.text for page in pages for event in page.events) == "".join(
            ["one", " two", " three"][after:]
        )
    assert (await again.snapshot()).outcome is not None
    assert outcome.timing is not None
    with pytest.raises(CursorConflictError):
        await chat.seek(again, 4)
    with pytest.raises(NotFoundError):
        await chat.find("you", first.id)


async def test_a_key_is_remembered_by_another_process(database: Database) -> None:
    ask = Ask("hello", model="scripted/echo", script=FAST)
    before = new_chat(database)
    first = await before.start("me", ask, "key")
    await before.finished(first)
    await before.drain(5)
    provider = Recording()
    chat = new_chat(database, provider)
    again = await chat.start("me", ask, "key")
    assert again.id == first.id
    assert (await chat.finished(again))[0].text == "hello"
    with pytest.raises(ConflictError, match="Idempotency-Key"):
        await new_chat(database).start("me", Ask("other", model="scripted/echo", script=FAST), "key")
    assert not provider.prompts
    assert not chat.busy()
    assert (await chat.start("somebody else", ask, "key")).id != first.id
    _, messages = await ConversationRepository(database).read("me", first.conversation)
    assert [message.text for message in messages] == ["hello", "hello"]


ONCE = AskOnce((Turn("user", "one two"),), Settings(model="scripted/echo"), FAST)


async def test_what_is_asked_once_is_followed_like_any_other_and_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = new_chat(database)
    monkeypatch.setattr(chat, "generations", Generations(capacity=1))
    first = await chat.start("me", ONCE)
    content, outcome = await chat.finished(first)
    assert content.text == "one two"
    assert outcome.status == Completed("stop")
    await chat.drain(5)
    assert await chat.find("me", first.id) is first
    chat.draining = False
    await chat.finished(await chat.start("me", ONCE))
    await chat.drain(5)
    with pytest.raises(NotFoundError):
        await chat.find("me", first.id)
    assert await ConversationRepository(database).ids("me") == []


async def test_a_client_that_cannot_come_back_is_missed_at_once(database: Database) -> None:
    chat = new_chat(database)
    stalls = replace(ONCE, script=Script(tokens_per_second=1e6, faults=(Fault(1, "stall"),)))
    generation = await chat.start("me", stalls, abandon_after=0.0)
    async with aclosing(chat.follow(generation, 0)) as pages:
        async for page in pages:
            if page.events:
                break
    await generation.log.changed(1)
    outcome = (await generation.snapshot()).outcome
    assert outcome is not None
    assert outcome.status == Cancelled("abandoned")
