import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from headwater.clock import now
from headwater.conversations.model import (
    Conversation,
    Message,
    Settings,
    UnknownConversationError,
    UnknownMessageError,
)
from headwater.errors import UnavailableError
from headwater.generation.kinds.text import Text
from headwater.generation.log import Piece
from headwater.ids import new_id
from headwater.storage import erasure
from headwater.storage.conversations import (
    ConversationRepository,
    IdTakenError,
    Imported,
    ListCursor,
    Usage,
)
from headwater.storage.database import Database, open_database
from headwater.storage.erasure import FOR_GOOD
from headwater.storage.recognition import Archived
from headwater.storage.replies import ReplyRepository
from headwater.storage.search import SearchRepository
from headwater.storage.shares import ShareRepository
from headwater.storage.tables import conversations, generations, messages, pieces, shares
from tests.storage import trees
from tests.storage.trees import (
    COMPLETED,
    NO_IDS,
    begin,
    begun,
    kept,
    line,
    new_conversation,
    new_message,
    new_reply,
    number,
    walk,
)

ANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Examples share a database: each has a client of its own."""


@pytest.fixture
def repository(database: Database) -> ConversationRepository:
    return ConversationRepository(database)


async def rows(database: Database) -> tuple[int, ...]:
    return tuple([await number(database, table) for table in (conversations, messages, generations)])


async def test_a_conversation_begins_with_a_question_and_an_empty_reply(
    repository: ConversationRepository,
) -> None:
    chosen = Settings("scripted/echo", "Be brief.", 0.5, 100)
    question = new_message(None, "Why?", created_at=5)
    reply = new_reply(question, at=7)
    await begin(repository, "me", "conv_1", reply, (question,), ("A title", chosen))
    found, said = await repository.read("me", "conv_1")
    assert said == [question, msgspec.structs.replace(reply.message, generation=reply.generation)]
    assert found == replace(
        new_conversation([question, reply.message], id="conv_1", settings=chosen),
        created_at=7,
        updated_at=7,
        version=found.version,
    )


async def test_a_reply_that_begins_is_the_leaf_and_makes_the_conversation_the_newest(
    repository: ConversationRepository,
) -> None:
    name, question, _ = await begun(repository, "me")
    await begun(repository, "me")
    before = await repository.get("me", name)
    again = new_reply(question, at=9_000)
    await begin(repository, "me", name, again, (), None)
    after = await repository.get("me", name)
    assert (after.leaf, after.updated_at) == (again.message.id, 9_000)
    assert after.version > before.version
    page, _ = await repository.page("me", archived=False, pinned=None, limit=1, after=None)
    assert page[0].id == name
    _, branch = await repository.branch("me", name, again.message.id)
    assert [message.id for message in branch] == [question.id, again.message.id]


@pytest.mark.parametrize("case", ["another's", "deleted", "none"])
async def test_nothing_begins_where_there_is_no_such_conversation(
    database: Database, repository: ConversationRepository, case: str
) -> None:
    name, question, _ = await begun(repository, "me")
    if case == "deleted":
        await repository.delete("me", name, 1)
    before = await rows(database)
    client = "other" if case == "another's" else "me"
    with pytest.raises(UnknownConversationError):
        await begin(repository, client, "none" if case == "none" else name, new_reply(question), (), None)
    assert await rows(database) == before


async def test_a_conversation_that_cannot_begin_leaves_nothing(
    database: Database, repository: ConversationRepository
) -> None:
    """Its second row is refused: the first must go as well."""
    _, question, reply = await begun(repository, "me")
    before = await rows(database)
    other = msgspec.structs.replace(question, id="msg_2")
    with pytest.raises(IdTakenError):
        await begin(repository, "me", "conv_2", reply, (other,), ("Title", Settings()))
    assert await rows(database) == before


@ANY
@given(made=trees.conversations())
async def test_what_is_kept_is_read_back_the_same(
    repository: ConversationRepository, made: tuple[Conversation, list[Message]]
) -> None:
    client = new_id("client")
    await repository.insert(client, [made])
    conversation, said = made
    found, read = await repository.read(client, conversation.id)
    assert (replace(found, version=1), read) == (conversation, said)


@ANY
@given(made=trees.trees())
async def test_every_branch_is_the_way_from_the_root_to_its_leaf(
    repository: ConversationRepository, made: list[Message]
) -> None:
    client, conversation = new_id("client"), new_conversation(made)
    await repository.insert(client, [(conversation, made)])
    for message in made:
        _, branch = await repository.branch(client, conversation.id, message.id)
        assert list(branch) == walk(made, message.id)
    _, newest = await repository.branch(client, conversation.id, None)
    assert newest[-1] == made[-1]


@ANY
@given(made=trees.trees(), data=st.data())
async def test_a_leaf_moves_on_to_the_newest_message_behind_it(
    repository: ConversationRepository, made: list[Message], data: st.DataObject
) -> None:
    client, conversation = new_id("client"), new_conversation(made)
    await repository.insert(client, [(conversation, made)])
    start = data.draw(st.sampled_from(made))
    changed = await repository.change(client, conversation.id, {"leaf": start.id})
    behind = [message.id for message in made if start in walk(made, message.id)]
    assert changed.leaf == behind[-1]
    assert changed == await repository.get(client, conversation.id)


async def test_messages_come_in_the_order_in_which_they_were_made(
    repository: ConversationRepository,
) -> None:
    name, question, first = await begun(repository, "me")
    others = [new_reply(question, at=500 - n) for n in range(5)]
    for other in others:
        await begin(repository, "me", name, other, (), None)
    _, said = await repository.read("me", name)
    assert [each.id for each in said] == [
        question.id,
        first.message.id,
        *(other.message.id for other in others),
    ]


async def test_a_long_branch_is_read_whole(repository: ConversationRepository) -> None:
    conversation, said = await kept(repository, "me", *(f"message {n}" for n in range(2000)))
    _, branch = await repository.branch("me", conversation.id, conversation.leaf)
    assert list(branch) == said


async def test_a_text_of_a_million_characters_is_kept(repository: ConversationRepository) -> None:
    """PostgreSQL's tsvector holds no more than 1 MiB."""
    said = [
        "".join(f"{n:x} " for n in range(200_000))[:1_000_000],
        "ä" * 1_000_000,
        " ".join(chr(0x1F300 + n % 700) + chr(0x4E00 + n % 20_000) for n in range(333_000)),
        "\U0001d400" * 1_000_000,
    ]
    conversation, messages = await kept(repository, "me", *said)
    assert (await repository.read("me", conversation.id))[1] == messages


@ANY
@given(
    made=st.lists(
        st.tuples(st.integers(1, 4), st.booleans(), st.sampled_from([False, False, True])), max_size=14
    ),
    limit=st.integers(1, 5),
    archived=st.booleans(),
    pinned=st.none() | st.booleans(),
)
async def test_pages_hold_every_conversation_once_and_the_newest_first(
    repository: ConversationRepository,
    made: list[tuple[int, bool, bool]],
    limit: int,
    archived: bool,
    pinned: bool | None,
) -> None:
    client = new_id("client")
    all_ = [
        new_conversation(updated_at=at, pinned=pinned_, archived=archived_) for at, pinned_, archived_ in made
    ]
    await repository.insert(client, [(each, []) for each in all_])
    newest_first = sorted(enumerate(all_), key=lambda each: (each[1].updated_at, each[0]), reverse=True)
    expected = [
        each.id
        for _, each in newest_first
        if each.archived == archived and (pinned is None or each.pinned == pinned)
    ]
    found: list[str] = []
    after: ListCursor | None = None
    for _ in range(len(made) + 1):
        page, after = await repository.page(
            client, archived=archived, pinned=pinned, limit=limit, after=after
        )
        assert len(page) <= limit
        found += [each.id for each in page]
        if after is None:
            break
        assert len(page) == limit
    assert found == expected


async def test_a_conversation_that_is_changed_between_two_pages_hides_no_other(
    repository: ConversationRepository,
) -> None:
    made = [(await begun(repository, "me"))[0] for _ in range(6)]
    first, after = await repository.page("me", archived=False, pinned=None, limit=3, after=None)
    await repository.change("me", made[0], {"updated_at": 99_000})
    second, _ = await repository.page("me", archived=False, pinned=None, limit=3, after=after)
    assert [each.id for each in (*first, *second)] == [*made[:0:-1]]


async def test_every_change_has_a_version_of_its_own(repository: ConversationRepository) -> None:
    name, question, _ = await begun(repository, "me")
    versions = [(await repository.get("me", name)).version]
    for columns in ({"title": "Other"}, {"pinned": True}, {"archived": True}, {"leaf": question.id}):
        changed = await repository.change("me", name, columns)
        for key, value in columns.items():
            if key != "leaf":
                assert getattr(changed, key) == value
        versions.append(changed.version)
    assert versions == sorted(set(versions))
    unchanged = await repository.change("me", name, {})
    assert unchanged == await repository.get("me", name)


async def test_settings_are_set_and_taken_back(repository: ConversationRepository) -> None:
    name, _, _ = await begun(repository, "me")
    chosen = {"model": "m", "system": "Be brief.", "temperature": 0.7, "max_tokens": 2**31 - 1}
    changed = await repository.change("me", name, chosen)
    assert changed.settings == Settings("m", "Be brief.", 0.7, 2**31 - 1)
    changed = await repository.change("me", name, dict.fromkeys(chosen))
    assert changed.settings == Settings()


async def test_a_leaf_is_a_message_of_its_own_conversation(repository: ConversationRepository) -> None:
    name, _, _ = await begun(repository, "me")
    _, elsewhere, _ = await begun(repository, "me")
    before = await repository.get("me", name)
    for leaf in (elsewhere.id, "msg_none", *NO_IDS):
        with pytest.raises(UnknownMessageError):
            await repository.change("me", name, {"leaf": leaf, "title": "Other"})
        with pytest.raises(UnknownMessageError):
            await repository.branch("me", name, leaf)
    assert await repository.get("me", name) == before


async def test_what_is_deleted_is_gone_until_it_is_restored(repository: ConversationRepository) -> None:
    name, _, _ = await begun(repository, "me")
    before = await repository.get("me", name)
    await repository.delete("me", name, 5)
    for asked in (
        repository.get("me", name),
        repository.read("me", name),
        repository.branch("me", name, None),
        repository.change("me", name, {"title": "Other"}),
        repository.delete("me", name, 6),
    ):
        with pytest.raises(UnknownConversationError):
            await asked
    assert await repository.ids("me") == []
    assert await repository.page("me", archived=False, pinned=None, limit=9, after=None) == ([], None)
    restored = await repository.restore("me", name)
    assert replace(restored, version=before.version) == before
    assert restored.version > before.version
    assert await repository.restore("me", name) == restored
    assert await repository.ids("me") == [name]


async def test_only_what_was_deleted_before_a_time_is_removed_for_good(
    database: Database, repository: ConversationRepository
) -> None:
    early, late, alive = [(await begun(repository, "me"))[0] for _ in range(3)]
    await repository.delete("me", early, 10)
    await repository.delete("me", late, 20)
    assert await repository.purge(20) == 1
    assert await rows(database) == (2, 4, 2)
    with pytest.raises(UnknownConversationError):
        await repository.restore("me", early)
    await repository.restore("me", late)
    assert await repository.ids("me") == [late, alive]
    assert await repository.purge(10**15) == 0


async def test_an_import_that_was_cut_leaves_nothing_and_goes_on_when_it_is_sent_again(
    database: Database, repository: ConversationRepository
) -> None:
    made = [(new_conversation(said), said) for said in (line(str(n)) for n in range(1_200))]

    def leaving() -> Iterator[Archived]:
        yield from made[:1_100]
        importing.cancel()
        yield from made[1_100:]

    importing = asyncio.create_task(repository.insert("me", leaving()))
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert await repository.ids("me") == []
    added = (await rows(database))[0]
    assert 0 < added < len(made)
    await repository.purge(now() - 60_000)
    assert (await rows(database))[0] == added
    imported = await repository.insert("me", made)
    assert imported == Imported([each.id for each, _ in made], 0)
    assert await repository.insert("me", made) == Imported([], len(made))
    assert await rows(database) == (1_200, 1_200, 0)


async def test_all_of_an_owner_is_removed_for_good(
    database: Database, repository: ConversationRepository
) -> None:
    secret = "bergamot"
    name, _, reply = await begun(repository, "me", f"the {secret} of mine", title=f"A {secret}")
    running, replies = (await begun(repository, "me"))[2], ReplyRepository(database)
    await replies.close(reply.generation, [Text(f"{secret}s grow")], COMPLETED)
    await replies.save([Piece(running.generation, 0, [Text(f"a {secret} that is growing")])])
    await ShareRepository(database).share("me", name, 1)
    deleted, _ = await kept(repository, "me", f"{secret} that was deleted")
    await repository.delete("me", deleted.id, 10)
    theirs, _ = await kept(repository, "other", f"their {secret[::-1]}")
    assert len(await repository.delete_all("me")) == 3
    assert await repository.ids("me") == []
    with pytest.raises(UnknownConversationError):
        await repository.restore("me", name)
    assert await repository.purge(FOR_GOOD + 1) == 3
    assert await rows(database) == (1, 1, 0)
    # What the running reply still writes brings nothing back.
    await replies.save([Piece(running.generation, 9, [Text("more")])])
    assert not await replies.close(running.generation, [Text("all")], COMPLETED)
    for table in (pieces, shares):
        assert await number(database, table) == 0
    search = SearchRepository(database)
    assert await search.search("me", secret, 9, None) == ([], None)
    found, _ = await search.search("other", secret[::-1], 9, None)
    assert [match.conversation.id for match in found] == [theirs.id]
    assert await repository.delete_all("me") == []


@pytest.mark.parametrize("server_url", ["sqlite"], indirect=True)
async def test_no_byte_of_what_is_removed_for_good_is_left_in_the_files(
    database: Database, repository: ConversationRepository, tmp_path: Path
) -> None:
    def left() -> bool:
        files = [file.read_bytes() for file in tmp_path.iterdir() if file.name.startswith("headwater.db")]
        return any(b"bergamot" in content for content in files)

    for n in range(20):
        await kept(repository, "other", *(f"river {n} {m}" for m in range(20)))
    for n in range(20):
        await kept(repository, "me", *[f"bergamot {n} " * 900] * 3, title=f"bergamot {n}")
    assert left()
    await repository.delete_all("me")
    await repository.purge(FOR_GOOD + 1)
    assert not left()


async def test_what_was_not_updated_for_long_is_removed_for_good(
    database: Database, repository: ConversationRepository
) -> None:
    old, _ = await kept(repository, "me", "one", updated_at=10)
    new, _ = await kept(repository, "me", "two", updated_at=20)
    assert [batch async for batch in repository.expire(10)] == []
    assert [batch async for batch in repository.expire(20)] == [[("me", old.id)]]
    assert await repository.purge(FOR_GOOD + 1) == 1
    assert await repository.ids("me") == [new.id]
    assert await rows(database) == (1, 1, 0)


class Removals:
    """How many messages each transaction has removed. If it `breaks_off`, none begins after 60 in all."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.breaks_off = False


@pytest.fixture
def removals(database: Database, monkeypatch: pytest.MonkeyPatch) -> Removals:
    counted, write = Removals(), database.write

    async def counting(work: Callable[[Connection], Any], **how: bool) -> Any:
        if counted.breaks_off and sum(counted.counts) > 60:
            raise UnavailableError("broken off", retry_after=1)
        before = await number(database, messages)
        result = await write(work, **how)
        counted.counts.append(before - await number(database, messages))
        return result

    monkeypatch.setattr(database, "write", counting)
    monkeypatch.setattr(erasure, "STEP_TIME", 0)  # a chunk is a transaction
    return counted


@pytest.mark.parametrize(("text", "chunk"), [("short", erasure.CHUNK), ("l" * erasure.CHUNK_CHARS, 1)])
async def test_no_transaction_removes_more_than_a_little(
    database: Database, repository: ConversationRepository, removals: Removals, text: str, chunk: int
) -> None:
    for _ in range(3):
        await kept(repository, "me", *[text] * (chunk + 1))
    removals.counts.clear()
    assert len(await repository.delete_all("me")) == 3
    assert await repository.purge(FOR_GOOD + 1) == 3
    assert (sum(removals.counts), max(removals.counts)) == (3 * chunk + 3, chunk)
    assert await rows(database) == (0, 0, 0)


@pytest.mark.parametrize("server_url", ["sqlite"], indirect=True)
async def test_the_index_is_merged_before_too_much_is_gone(
    repository: ConversationRepository, removals: Removals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One merge of an index of which nothing is left is a single step, however large it was."""
    steps: list[str] = []

    def noting(name: str, work: Callable[..., Any]) -> None:
        def noted(*given: Any, **named: Any) -> Any:
            steps.append(name)
            return work(*given, **named)

        monkeypatch.setattr(erasure, name, noted)

    noting("_remove_some", erasure._remove_some)
    noting("_merge", erasure._merge)
    monkeypatch.setattr(erasure, "MERGE_AFTER", 1_000)
    await kept(repository, "me", *["x" * 100] * (2 * erasure.CHUNK))
    await repository.delete_all("me")
    await repository.purge(FOR_GOOD + 1)
    assert [name for name, _ in groupby(steps)] == [*["_remove_some", "_merge"] * 3, "_remove_some"]


@pytest.mark.parametrize("server_url", ["sqlite"], indirect=True)
async def test_what_is_cut_before_the_index_was_merged_goes_on_there(
    repository: ConversationRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    merges: list[bool] = []

    async def merge(_: Database) -> None:
        merges.append(True)
        if len(merges) == 1:
            raise UnavailableError("the database is away")

    monkeypatch.setattr(erasure, "_merge_words", merge)
    for text in ("one", "two"):
        await kept(repository, "me", text)
    await repository.delete_all("me")
    with pytest.raises(UnavailableError):
        await repository.purge(FOR_GOOD + 1)
    assert await repository.purge(FOR_GOOD + 1) == 1  # the one that was left to show that this is not done
    assert len(merges) == 2
    assert await repository.purge(FOR_GOOD + 1) == 0
    assert len(merges) == 2


async def test_what_is_half_removed_is_seen_by_nobody_and_removed_by_the_next(
    database: Database, repository: ConversationRepository, removals: Removals
) -> None:
    name, _, _ = await begun(repository, "other")
    half, tree = await kept(repository, "me", *(f"river {n}" for n in range(100)))
    await repository.delete("me", half.id, 10)
    removals.counts, removals.breaks_off = [], True
    with pytest.raises(UnavailableError):
        await repository.purge(20)
    removals.breaks_off = False
    assert 2 < await number(database, messages) < 102
    with pytest.raises(UnknownConversationError):
        await repository.restore("me", half.id)
    assert (await repository.ids("me"), await repository.ids("other")) == ([], [name])
    # An import brings back all of it or nothing.
    assert await repository.insert("me", [(half, tree)]) == Imported([half.id], 0)
    assert (await repository.read("me", half.id))[1] == tree
    removals.counts, removals.breaks_off = [], True
    await repository.delete_all("me")
    with pytest.raises(UnavailableError):
        await repository.purge(FOR_GOOD + 1)
    removals.breaks_off = False
    assert len(await repository.delete_all("me")) == 1
    assert await repository.purge(FOR_GOOD + 1) == 1
    assert await rows(database) == (1, 2, 1)


@pytest.mark.parametrize("server_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("alone", [True, False])
async def test_a_process_beside_the_server_lets_it_write_in_between(
    database_url: URL, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    rests: list[float] = []
    steps = iter(range(1000))

    async def sleep(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(erasure, "monotonic", lambda: next(steps))
    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with open_database(database_url, to_serve=alone) as database:
        assert await erasure.in_turn(database, lambda _: "done") == "done"
    assert rests == ([] if alone else [1])


async def test_what_each_owner_has_is_counted(repository: ConversationRepository) -> None:
    assert await repository.usage() == []
    await kept(repository, "early", "four", "ünï", updated_at=10)
    await kept(repository, "late", "12345678", updated_at=20)
    await kept(repository, "late", updated_at=15)
    assert await repository.usage() == [Usage("late", 2, 1, 8, 20), Usage("early", 1, 2, 9, 10)]


async def test_however_long_a_branch_is_it_is_removed_for_good(
    database: Database, repository: ConversationRepository
) -> None:
    long, _ = await kept(repository, "me", *(f"message {n}" for n in range(2000)))
    short, _ = await kept(repository, "me", "one", "two")
    for each in (long, short):
        await repository.delete("me", each.id, 10)
    assert await repository.purge(20) == 2
    assert await rows(database) == (0, 0, 0)


async def test_nothing_of_a_client_is_there_for_another(
    database: Database, repository: ConversationRepository
) -> None:
    name, question, _ = await begun(repository, "me")
    gone, _, _ = await begun(repository, "me")
    await repository.delete("me", gone, 5)
    before = [await repository.read("me", name)]
    counts = await rows(database)
    for asked in (
        repository.get("other", name),
        repository.read("other", name),
        repository.branch("other", name, None),
        repository.branch("other", name, question.id),
        repository.change("other", name, {"title": "Other"}),
        repository.change("other", name, {}),
        repository.change("other", name, {"leaf": question.id}),
        repository.delete("other", name, 1),
        repository.restore("other", name),
        repository.restore("other", gone),
        begin(repository, "other", name, new_reply(question), (), None),
    ):
        with pytest.raises(UnknownConversationError):
            await asked
    assert await repository.ids("other") == []
    assert await repository.page("other", archived=False, pinned=None, limit=9, after=None) == ([], None)
    assert [await repository.read("me", name)] == before
    assert await rows(database) == counts


@pytest.mark.parametrize("name", NO_IDS)
async def test_what_cannot_be_an_id_names_no_conversation(
    repository: ConversationRepository, name: str
) -> None:
    question = line("Why?")[0]
    for asked in (
        repository.get("me", name),
        repository.read("me", name),
        repository.branch("me", name, None),
        repository.change("me", name, {"title": "Other"}),
        repository.delete("me", name, 1),
        repository.restore("me", name),
        begin(repository, "me", name, new_reply(question), (), None),
    ):
        with pytest.raises(UnknownConversationError):
            await asked


async def test_conversations_are_kept_all_or_none(
    database: Database, repository: ConversationRepository
) -> None:
    good, bad = line("one", "two"), line("three")
    whole = [(new_conversation(good), good), (new_conversation(bad), [*bad, bad[0]])]
    with pytest.raises(Exception, match=r"(?i)unique"):
        await repository.insert("me", whole)
    assert await repository.ids("me") == []
    await repository.purge(10**15)
    assert await rows(database) == (0, 0, 0)


async def test_ids_are_told_in_the_order_in_which_conversations_were_made(
    repository: ConversationRepository,
) -> None:
    made = [new_conversation(created_at=at) for at in (30, 10, 20, 10)]
    await repository.insert("me", [(each, []) for each in made])
    assert await repository.ids("me") == [made[n].id for n in (1, 3, 2, 0)]
