import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text, update

from headwater.conversations.model import Settings
from headwater.errors import (
    ConflictError,
    CursorConflictError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    ShuttingDownError,
)
from headwater.generation.kinds.reasoning import Reasoning, ReasoningEnd
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import changed
from headwater.generation.outcome import Cancelled, Completed, Interrupted
from headwater.generation.provider import Finish, Prompt, PromptMessage, Sampling, Take
from headwater.ids import new_id
from headwater.live.memory import MemoryLogStore
from headwater.metrics import Metrics
from headwater.providers.scripted import Fault, Script, ScriptedProvider
from headwater.replies import active as active_module
from headwater.replies.active import ActiveReplies
from headwater.replies.requests import Ids, NewMessage, Regenerate, StartOptions, Stateless, digests
from headwater.replies.unread import StopAfter, StopAtOnce
from headwater.storage.conversations import ConversationRepository
from headwater.storage.database import Database, open_database, sqlite_url
from headwater.storage.replies import ReplyRepository
from headwater.storage.tables import generations
from tests.building import ME, YOU, delivered, new_quota, new_replies

FAST = Script(tokens_per_second=1e6)
KEYED = StartOptions("key")


class Recording(ScriptedProvider):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[Prompt] = []

    async def generate(self, prompt: Prompt, take: Take) -> None:
        self.prompts.append(prompt)
        await super().generate(prompt, take)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(sqlite_url(tmp_path / "headwater.db")) as opened:
        yield opened


@pytest.fixture
def active() -> ActiveReplies:
    return ActiveReplies(MemoryLogStore())


def ask(
    message: str,
    model: str = "scripted/echo",
    *,
    system: str | None = None,
    script: Script | None = FAST,
    **named: Any,
) -> NewMessage:
    return NewMessage(message, settings=Settings(model, system), script=script, **named)


async def test_a_key_outlives_its_log_and_never_runs_its_reply_again(database: Database) -> None:
    replies = new_replies(database, active=ActiveReplies(MemoryLogStore(), capacity=1))
    first = await replies.start(ME, ask("hello"), KEYED)
    assert await replies.start(ME, ask("hello"), KEYED) is first
    await replies.finished(first)
    id_, log = first.id, weakref.ref(first.log)
    del first
    for n in range(2):
        await replies.finished(await replies.start(ME, ask("hello"), StartOptions(f"other {n}")))
    await replies.drain(5)
    gc.collect()
    assert log() is None
    replies.draining = False
    again = await replies.start(ME, ask("hello"), KEYED)
    assert again.id == id_
    assert text_of(again.snapshot().events) == "hello"


async def test_drained_replies_have_nothing_running(database: Database) -> None:
    replies = new_replies(database)
    generation = await replies.start(ME, ask("hello", "scripted/stall"))
    await replies.drain(0)
    assert generation.snapshot().outcome is not None
    assert replies.draining


async def test_a_reply_without_text_is_no_part_of_the_context(database: Database) -> None:
    """Model servers refuse an empty message."""
    provider = Recording()
    replies = new_replies(database, provider)
    fails = Script(faults=(Fault(0, "error"),))
    first = await replies.start(ME, ask("one", system="Be brief.", script=fails))
    await replies.finished(first)
    await replies.finished(await replies.start(ME, ask("two", conversation=first.conversation)))
    await replies.drain(5)
    system, one, two = (
        PromptMessage("system", "Be brief."),
        PromptMessage("user", "one"),
        PromptMessage("user", "two"),
    )
    assert provider.prompts[0].messages == (system, one)
    assert provider.prompts[1].messages == (system, one, two)


class Thinking(Recording):
    """Its thought has no beginning, so that it is known as one only at its end."""

    async def generate(self, prompt: Prompt, take: Take) -> None:
        self.prompts.append(prompt)
        take((Text("Let me "), Text("see.")))
        take((ReasoningEnd(), Text("Four."), Finish("stop")))


async def test_a_thought_that_was_text_at_first_is_reasoning_everywhere(database: Database) -> None:
    provider = Thinking()
    replies = new_replies(database, provider)
    first = await replies.start(ME, ask("2+2"))
    parts, _ = await replies.finished(first)
    events = first.snapshot().events
    assert parts == (Reasoning("Let me see."), Text("Four."))
    await replies.finished(await replies.start(ME, ask("3+3", conversation=first.conversation)))
    await replies.drain(5)
    found, messages = await ConversationRepository(database).read("me", first.conversation)
    assert found.title == "Four"
    assert messages[1].parts == parts
    assert provider.prompts[1].messages[1] == PromptMessage("assistant", "Four.")
    later = await new_replies(database).find(ME, first.id)
    assert later.log is not first.log
    assert later.snapshot().events == events
    query = text("SELECT text FROM messages WHERE id = :id").bindparams(id=messages[1].id)
    assert await database.read(lambda connection: connection.scalar(query)) == "Four."  # what is searched


class Broken(ConversationRepository):
    """A database that is full."""

    async def begin(self, *_: object) -> None:
        raise OSError("disk full")


async def test_a_reply_that_cannot_be_stored_does_not_run(database: Database, active: ActiveReplies) -> None:
    provider = Recording()
    replies = new_replies(database, provider, conversations=Broken(database), active=active)
    for _ in range(20):  # more than one client may run at once
        with pytest.raises(OSError, match="disk full"):
            await replies.start(ME, ask("hello"))
    assert not len(active)
    assert not provider.prompts


class SlowToClose(ReplyRepository):
    """A database whose last write has to wait."""

    may_write: asyncio.Event

    async def close(self, *closed: Any) -> bool:
        await self.may_write.wait()
        return await super().close(*closed)


async def test_who_knows_of_the_end_can_go_on_while_the_row_is_being_written(
    database: Database, active: ActiveReplies
) -> None:
    rows = SlowToClose(database)
    rows.may_write = asyncio.Event()
    replies = new_replies(database, rows=rows, active=active)
    fails = Script(tokens_per_second=1e6, faults=(Fault(2, "error"),))
    cut = await replies.start(ME, ask("one two three", script=fails))
    await replies.finished(cut)
    assert cut in active
    rest = await replies.start(ME, Regenerate(cut.conversation, cut.message, script=FAST))
    rows.may_write.set()
    parts, _ = await replies.finished(rest)
    assert parts == (Text(" three"),)
    await replies.drain(5)


async def test_a_reply_that_runs_cannot_be_continued(database: Database) -> None:
    replies = new_replies(database)
    running = await replies.start(ME, ask("hello", "scripted/stall"))
    with pytest.raises(ConflictError, match="still running"):
        await replies.start(ME, Regenerate(running.conversation, running.message))
    await replies.drain(0)


class Slow(ConversationRepository):
    """A database with a queue in front of it."""

    async def begin(self, *beginning: Any) -> None:
        await asyncio.sleep(0.1)
        await super().begin(*beginning)


class Held(ConversationRepository):
    """A database that writes the rows of a start when it may, or fails then."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.may_begin: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def begin(self, *beginning: Any) -> None:
        await self.may_begin
        await super().begin(*beginning)


async def test_the_model_is_asked_while_the_rows_are_written(
    database: Database, active: ActiveReplies
) -> None:
    provider, conversations = Recording(), Held(database)
    replies = new_replies(database, provider, conversations=conversations, active=active)
    starting = asyncio.create_task(replies.start(ME, ask("hello")))
    await answered(active)
    assert len(provider.prompts) == 1
    assert not starting.done()
    conversations.may_begin.set_result(None)
    assert text_of((await replies.finished(await starting))[0]) == "hello"
    await replies.drain(5)


async def test_a_start_that_may_be_a_repetition_asks_the_model_when_its_rows_are_written(
    database: Database, active: ActiveReplies
) -> None:
    provider, conversations = Recording(), Held(database)
    replies = new_replies(database, provider, conversations=conversations, active=active)
    starting = asyncio.create_task(replies.start(ME, ask("hello", ids=new_ids())))
    async with asyncio.timeout(5):
        while not len(active):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    assert not provider.prompts
    conversations.may_begin.set_result(None)
    assert text_of((await replies.finished(await starting))[0]) == "hello"
    assert len(provider.prompts) == 1
    await replies.drain(5)


async def test_a_reply_whose_rows_cannot_be_written_is_stopped_and_nothing_is_left(
    database: Database, active: ActiveReplies
) -> None:
    conversations = Held(database)
    replies = new_replies(database, conversations=conversations, active=active)
    starting = asyncio.create_task(replies.start(ME, ask("hello", "scripted/stall")))
    await answered(active)
    (generation,) = active
    conversations.may_begin.set_exception(OSError("disk full"))
    with pytest.raises(OSError, match="disk full"):
        await starting
    assert not len(active)
    outcome = generation.snapshot().outcome
    assert outcome is not None
    assert outcome.status == Interrupted()
    assert active.get(generation.id) is None


async def answered(active: ActiveReplies) -> None:
    """Wait until the model has said something for the one reply that runs."""
    async with asyncio.timeout(5):
        while not any(generation.snapshot().events for generation in active):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_nobody_is_missed_before_a_reply_has_begun(database: Database) -> None:
    replies = new_replies(database, conversations=Slow(database), when_unread=StopAfter(0.05))
    generation = await replies.start(ME, ask("hello"))
    _, outcome = await replies.finished(generation)
    assert outcome.status == Completed("stop")
    await replies.drain(5)


async def test_a_client_that_leaves_while_a_reply_begins_leaves_it_whole(
    database: Database, active: ActiveReplies
) -> None:
    replies = new_replies(database, active=active)
    starting = asyncio.create_task(replies.start(ME, ask("one two", ids=new_ids())))
    async with asyncio.timeout(10):
        while not len(active):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await replies.drain(5)
    repository = ConversationRepository(database)
    (name,) = await repository.ids("me")
    _, messages = await repository.read("me", name)
    assert [message.text for message in messages] == ["one two", "one two"]
    assert messages[1].outcome is not None


async def test_a_reply_that_nobody_was_told_of_is_stopped(database: Database, active: ActiveReplies) -> None:
    replies = new_replies(database, active=active)
    starting = asyncio.create_task(replies.start(ME, ask("hello", "scripted/stall")))
    await answered(active)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    async with asyncio.timeout(5):
        while len(active):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    (name,) = await ConversationRepository(database).ids("me")
    _, messages = await ConversationRepository(database).read("me", name)
    outcome = messages[1].outcome
    assert outcome is not None
    assert (outcome["status"], outcome["by"]) == ("cancelled", "abandoned")


async def test_starts_at_the_same_moment_count_against_each_other(
    database: Database, active: ActiveReplies
) -> None:
    replies = new_replies(database, quota=new_quota(active_per_client=3), active=active)
    starts = [replies.start(ME, ask("hello", "scripted/stall")) for _ in range(10)]
    started = await asyncio.gather(*starts, return_exceptions=True)
    assert sum(isinstance(each, RateLimitedError) for each in started) == 7
    assert len(active) == 3
    await replies.drain(0)


async def test_a_closed_log_leaves_memory_and_its_row_answers(
    database: Database, active: ActiveReplies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(active_module, "RETENTION", 0.0)
    replies = new_replies(database, active=active)
    first = await replies.start(ME, ask("one two three"))
    parts, outcome = await replies.finished(first)
    async with asyncio.timeout(10):
        while active.get(first.id) is not None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    again = await replies.find(ME, first.id)
    assert again is not first
    assert again.log is not first.log
    assert not hasattr(again.log, "append")
    assert (await replies.finished(again))[0] == parts
    words = [Text("one"), Text(" two"), Text(" three")]
    for after in range(4):
        pages = await delivered(replies, again, after)
        assert [event for page in pages for event in page.events] == words[after:]
    assert again.snapshot().outcome is not None
    assert outcome.timing is not None
    with pytest.raises(CursorConflictError):
        await replies.resume(again, 4)
    with pytest.raises(NotFoundError):
        await replies.find(YOU, first.id)


async def test_who_reads_a_reply_from_its_row_is_not_noted_anywhere(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = new_replies(database)
    generation = await first.start(ME, NewMessage("one two three", settings=Settings(model="scripted/echo")))
    await first.finished(generation)
    await first.drain(5)
    later = new_replies(database)
    monkeypatch.setattr(later._presence, "reading", lambda _: pytest.fail("noted"))
    found = await later.find(ME, generation.id)
    assert text_of((await later.page(found, 0, 0)).events) == "one two three"
    parts, _ = await later.finished(found)
    assert text_of(parts) == "one two three"


async def test_a_key_is_remembered_by_another_process(database: Database) -> None:
    before = new_replies(database)
    first = await before.start(ME, ask("hello"), KEYED)
    await before.finished(first)
    await before.drain(5)
    provider = Recording()
    replies = new_replies(database, provider)
    again = await replies.start(ME, ask("hello"), KEYED)
    assert again.id == first.id
    assert text_of((await replies.finished(again))[0]) == "hello"
    with pytest.raises(ConflictError, match="Idempotency-Key"):
        await new_replies(database).start(ME, ask("other"), KEYED)
    assert not provider.prompts
    assert not await replies.busy("me")
    assert (await replies.start(YOU, ask("hello"), KEYED)).id != first.id
    _, messages = await ConversationRepository(database).read("me", first.conversation)
    assert [message.text for message in messages] == ["hello", "hello"]
    await replies.drain(5)


async def test_a_key_of_the_last_version_is_remembered_by_its_column(database: Database) -> None:
    before = new_replies(database)
    first = await before.start(ME, ask("hello"))
    await before.finished(first)
    await before.drain(5)
    await database.write(lambda connection: connection.execute(update(generations).values(key="key")))
    provider = Recording()
    replies = new_replies(database, provider)
    assert (await replies.start(ME, ask("hello"), KEYED)).id == first.id
    with pytest.raises(ConflictError, match="Idempotency-Key"):
        await replies.start(ME, ask("other"), KEYED)
    assert not provider.prompts


def new_ids() -> Ids:
    return Ids(new_id("conv"), new_id("msg"), new_id("msg"), new_id("gen"))


async def test_whoever_starts_a_reply_may_choose_all_ids(database: Database) -> None:
    replies, ids = new_replies(database), new_ids()
    generation = await replies.start(ME, ask("hello", ids=ids))
    assert (generation.conversation, generation.parent, generation.message, generation.id) == (
        ids.conversation,
        ids.message,
        ids.reply,
        ids.generation,
    )
    await replies.finished(generation)
    again = Ids(reply=new_id("msg"), generation=new_id("gen"))
    other = await replies.start(
        ME, Regenerate(generation.conversation, generation.parent, script=FAST, ids=again)
    )
    assert (other.message, other.id, other.parent) == (again.reply, again.generation, ids.message)
    await replies.drain(5)
    _, messages = await ConversationRepository(database).read("me", generation.conversation)
    assert [message.id for message in messages] == [ids.message, ids.reply, again.reply]


async def test_starts_that_race_under_one_id_run_once(database: Database) -> None:
    provider = Recording()
    one, other = new_replies(database, provider), new_replies(database, provider)  # as two processes
    request = ask("hello", ids=new_ids())
    started = await asyncio.gather(
        *(each.start(ME, request) for _ in range(10) for each in (one, other)), return_exceptions=True
    )
    # One process cannot follow yet what the other one runs; it says so and runs nothing.
    assert {each.id for each in started if not isinstance(each, BaseException)} == {request.ids.generation}
    assert all(isinstance(each, NotFoundError) for each in started if isinstance(each, BaseException))
    assert len(provider.prompts) == 1
    await one.drain(5)
    await other.drain(5)
    assert await ConversationRepository(database).ids("me") == [request.ids.conversation]


async def test_a_repeated_start_may_differ_in_members_that_a_newer_version_added(database: Database) -> None:
    """The version that began it knew neither `temperature` nor `sampling`."""
    provider = Recording()
    replies, ids = new_replies(database, provider), new_ids()
    first = await replies.start(ME, ask("hello", ids=ids))
    await replies.finished(first)
    await replies.drain(5)
    known = {
        name: digest
        for name, digest in digests(ask("hello", ids=ids)).items()
        if not name.startswith("sampling") and not name.endswith("temperature")
    }
    earlier = update(generations).values(request=msgspec.msgpack.encode(known))
    await database.write(lambda connection: connection.execute(earlier))
    later = replace(ask("hello", ids=ids), overrides=Settings(temperature=1.0), sampling=Sampling(0.5))
    replies = new_replies(database, provider)
    assert (await replies.start(ME, later)).id == first.id
    assert len(provider.prompts) == 1
    with pytest.raises(ConflictError):
        await replies.start(ME, replace(later, overrides=Settings(system="Be brief.")))


async def test_a_repeated_start_is_answered_where_a_new_one_would_be_refused(database: Database) -> None:
    ids = new_ids()
    replies = new_replies(database, quota=new_quota(active=1))
    first = await replies.start(ME, ask("hello", "scripted/stall", ids=ids))
    assert await replies.start(ME, ask("hello", "scripted/stall", ids=ids)) is first
    await replies.drain(0)
    assert await replies.start(ME, ask("hello", "scripted/stall", ids=ids)) is first


@pytest.mark.parametrize(
    "which", ["message", "parent", "conversation", "model", "system", "script", "earlier", "regenerate"]
)
@pytest.mark.parametrize("in_memory", [True, False])
async def test_another_request_under_the_same_id_is_a_conflict(
    database: Database, which: str, in_memory: bool
) -> None:
    replies, ids = new_replies(database), new_ids()
    first = await replies.start(ME, ask("hello", ids=ids))
    await replies.finished(first)
    await replies.drain(5)
    replies.draining = False
    if not in_memory:
        replies = new_replies(database)
    kept = replace(ids, conversation=None)
    others: dict[str, NewMessage | Regenerate] = {
        "message": ask("goodbye", ids=ids),
        "parent": ask("hello", conversation=first.conversation, parent=first.message, ids=kept),
        "conversation": ask("hello", ids=replace(ids, conversation=new_id("conv"))),
        "model": ask("hello", "scripted/prose", ids=ids),
        "system": ask("hello", ids=ids, system="Be brief."),
        "script": ask("hello", ids=ids, script=Script(seed=7)),
        "earlier": ask("hello", ids=ids, earlier=(PromptMessage("user", "one"),)),
        "regenerate": Regenerate(first.conversation, first.parent, ids=Ids(generation=ids.generation)),
    }
    with pytest.raises(ConflictError) as caught:
        await replies.start(ME, others[which])
    assert caught.value.field == "ids.generation"
    assert not await replies.busy("me")


@pytest.mark.parametrize("which", ["conversation", "message", "reply"])
@pytest.mark.parametrize("owner", [ME, YOU])
async def test_an_id_that_is_taken_is_refused_the_same_whoever_owns_it(
    database: Database, which: str, owner: Any
) -> None:
    replies, ids = new_replies(database), new_ids()
    await replies.finished(await replies.start(owner, ask("hello", ids=ids)))
    await replies.drain(5)
    replies.draining = False
    with pytest.raises(ConflictError) as caught:
        await replies.start(ME, ask("hello", ids=replace(new_ids(), **{which: getattr(ids, which)})))
    assert (caught.value.detail, caught.value.field) == ("One of the ids is taken.", "ids")
    assert not await replies.busy("me")


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("in_memory", [True, False])
async def test_a_generation_of_somebody_else_tells_nothing(
    database: Database, ended: bool, in_memory: bool
) -> None:
    replies, ids = new_replies(database), new_ids()
    theirs = await replies.start(YOU, ask("hello", "scripted/echo" if ended else "scripted/stall", ids=ids))
    if ended:
        await replies.finished(theirs)
    here = replies if in_memory else new_replies(database)
    details = set()
    for message in ("hello", "other"):
        with pytest.raises(ConflictError) as caught:
            await here.start(ME, ask(message, ids=ids))
        details.add((caught.value.detail, caught.value.field))
    own = await here.start(ME, ask("mine", ids=(mine := new_ids())))
    await here.finished(own)
    with pytest.raises(ConflictError) as caught:
        await here.start(ME, ask("other", ids=mine))
    assert details == {(caught.value.detail, caught.value.field)}
    with pytest.raises(NotFoundError):
        await here.find(ME, theirs.id)
    await replies.drain(0)
    await here.drain(0)


async def test_an_ephemeral_generation_of_somebody_else_is_refused_at_once(database: Database) -> None:
    replies = new_replies(database)
    theirs = await replies.start(YOU, replace(ONCE, settings=Settings("scripted/stall")))
    with pytest.raises(ConflictError):
        async with asyncio.timeout(10):
            await replies.start(ME, ask("hello", ids=Ids(generation=theirs.id)))
    await replies.drain(0)


async def test_an_id_whose_start_failed_is_free_again(database: Database) -> None:
    ids = new_ids()
    with pytest.raises(OSError, match="disk full"):
        await new_replies(database, conversations=Broken(database)).start(ME, ask("hello", ids=ids))
    replies = new_replies(database)
    assert (await replies.start(ME, ask("hello", ids=ids))).id == ids.generation
    await replies.drain(5)


async def test_an_id_for_a_conversation_that_is_there_already_is_refused(database: Database) -> None:
    replies = new_replies(database)
    first = await replies.start(ME, ask("hello"))
    with pytest.raises(InvalidRequestError) as caught:
        await replies.start(ME, ask("more", conversation=first.conversation, ids=new_ids()))
    assert caught.value.field == "ids.conversation"
    await replies.drain(5)


ONCE = Stateless((PromptMessage("user", "one two"),), Settings(model="scripted/echo"), FAST)


async def test_a_stateless_reply_is_followed_like_any_other_and_leaves_nothing(database: Database) -> None:
    replies = new_replies(database, active=ActiveReplies(MemoryLogStore(), capacity=1))
    first = await replies.start(ME, ONCE)
    parts, outcome = await replies.finished(first)
    assert parts == (Text("one two"),)
    assert outcome.status == Completed("stop")
    await replies.drain(5)
    assert await replies.find(ME, first.id) is first
    replies.draining = False
    await replies.finished(await replies.start(ME, ONCE))
    await replies.drain(5)
    with pytest.raises(NotFoundError):
        await replies.find(ME, first.id)
    assert await ConversationRepository(database).ids("me") == []
    count = text("SELECT count(*) FROM generations")
    assert await database.read(lambda connection: connection.scalar(count)) == 0


async def test_a_client_that_cannot_come_back_is_missed_at_once(database: Database) -> None:
    replies = new_replies(database)
    stalls = replace(ONCE, script=Script(tokens_per_second=1e6, faults=(Fault(1, "stall"),)))
    generation = await replies.start(ME, stalls, StartOptions(when_unread=StopAtOnce()))
    reading = asyncio.create_task(delivered(replies, generation))
    await changed(generation.log, 0)
    reading.cancel()
    await changed(generation.log, 1)
    outcome = generation.snapshot().outcome
    assert outcome is not None
    assert outcome.status == Cancelled("abandoned")


class SlowToRead(ConversationRepository):
    """A database that waits before it reads a branch."""

    may_read: asyncio.Event

    async def branch(self, *asked: Any) -> Any:
        await self.may_read.wait()
        return await super().branch(*asked)


async def test_no_start_slips_past_a_drain(database: Database, active: ActiveReplies) -> None:
    conversations = SlowToRead(database)
    conversations.may_read = asyncio.Event()
    replies = new_replies(database, conversations=conversations, active=active)
    first = await replies.start(ME, ask("hello"))
    await replies.finished(first)
    late = asyncio.create_task(replies.start(ME, ask("more", conversation=first.conversation)))
    await asyncio.sleep(0)
    await replies.drain(5)
    conversations.may_read.set()
    with pytest.raises(ShuttingDownError):
        await late
    assert not len(active)


async def test_a_repeat_with_earlier_messages_is_the_same(database: Database) -> None:
    replies = new_replies(database)
    first = await replies.start(ME, ask("hello"))
    await replies.finished(first)
    more = ask(
        "three",
        conversation=first.conversation,
        parent=first.message,
        earlier=(PromptMessage("user", "one"), PromptMessage("assistant", "two")),
    )
    second = await replies.start(ME, more, KEYED)
    assert await replies.start(ME, more, KEYED) is second
    await replies.drain(5)


async def test_a_repeat_of_a_deleted_reply_is_not_found_and_does_not_run(database: Database) -> None:
    provider = Recording()
    replies = new_replies(database, provider)
    first = await replies.start(ME, ask("hello"), KEYED)
    await replies.finished(first)
    await ConversationRepository(database).delete("me", first.conversation, 1)
    with pytest.raises(NotFoundError):
        await replies.start(ME, ask("hello"), KEYED)
    assert len(provider.prompts) == 1
    await replies.drain(5)


class Failing(ReplyRepository):
    """A database that fails in an unexpected way."""

    async def close(self, *_: Any) -> bool:
        raise ZeroDivisionError


async def test_a_slot_is_given_back_even_if_the_row_cannot_be_closed(
    database: Database, active: ActiveReplies
) -> None:
    quota = new_quota(active_per_client=1)
    replies = new_replies(database, rows=Failing(database), active=active, quota=quota)
    gated = Script(faults=(Fault(0, "gate"),))
    generation = await replies.start(ME, ask("hello", script=gated))
    task = active.active(generation).task
    await replies.cancel(generation)
    with pytest.raises(ZeroDivisionError):
        await task
    assert not await replies.busy("me")
    quota.occupy(ME.quota_key)


async def test_a_reader_who_resumes_is_counted_and_one_who_polls_is_not(database: Database) -> None:
    metrics = Metrics()
    replies = new_replies(database, metrics=metrics)
    generation = await replies.start(ME, ask("one two three"))
    await replies.finished(generation)
    for _ in range(3):
        await replies.page(generation, 1, 0)
    assert b"headwater_resumes_total 0.0" in metrics.exposition()
    for after, resumes in ((1, False), (0, True), (0, False)):
        assert await delivered(replies, generation, after, resumes=resumes)
    assert b"headwater_resumes_total 2.0" in metrics.exposition()
    await replies.drain(5)


async def test_nobody_finds_a_reply_before_it_has_begun(database: Database, active: ActiveReplies) -> None:
    replies, ids = new_replies(database, conversations=Slow(database), active=active), new_ids()
    await replies.finished(await replies.start(ME, ask("hello", ids=ids)))
    other = replace(new_ids(), conversation=ids.conversation)
    starting = asyncio.create_task(replies.start(ME, ask("hello", ids=other)))
    async with asyncio.timeout(10):
        while active.get(str(other.generation)) is None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    with pytest.raises(NotFoundError):
        await replies.find(ME, str(other.generation))
    with pytest.raises(ConflictError):
        await starting
    assert not await replies.busy("me")
    await replies.drain(5)


async def test_whoever_has_read_the_end_may_start_the_next_at_once(database: Database) -> None:
    rows = SlowToClose(database)
    rows.may_write = asyncio.Event()
    replies = new_replies(database, rows=rows, quota=new_quota(active_per_client=1))
    for _ in range(3):
        await replies.finished(await replies.start(ME, ask("hello")))
    rows.may_write.set()
    await replies.drain(5)
