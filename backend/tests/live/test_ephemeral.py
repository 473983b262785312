"""Replies that are not stored, on two servers of one PostgreSQL in this process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import TextClause, delete, func, select
from sqlalchemy.engine import URL

from headwater.app import Live, build_replies, running
from headwater.cli import _delete_client
from headwater.clock import now
from headwater.conversations.model import Settings as ReplySettings
from headwater.errors import NotFoundError, UnavailableError
from headwater.generation.codec import outcome_object, parse_outcome
from headwater.generation.kinds.text import text_of
from headwater.generation.log import changed
from headwater.generation.outcome import Cancelled, Interrupted
from headwater.generation.provider import PromptMessage
from headwater.identity.identify import Principal
from headwater.ids import new_id
from headwater.live.postgresql import logs
from headwater.metrics import Metrics
from headwater.providers.catalogue import Catalogue
from headwater.providers.scripted import Fault, Script, ScriptedProvider
from headwater.replies import checkpoint, ephemeral
from headwater.replies.active import Generation
from headwater.replies.requests import NewMessage, Stateless
from headwater.replies.service import Replies
from headwater.settings import Settings
from headwater.storage.database import Database, open_database
from headwater.storage.ephemeral import EphemeralRepository
from headwater.storage.tables import ephemeral_pieces, ephemeral_replies, servers, tails
from headwater.storage.tails import TailRepository
from headwater.storage.uncancelled import uncancelled
from tests.building import YOU, delivered, new_quota
from tests.postgresql import new_database
from tests.storage.trees import number

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = "one two three four"


@dataclass
class Server:
    """The use cases of replies, without what serves them."""

    replies: Replies
    database: Database

    async def rows(self, generation: Generation) -> tuple[int, int]:
        """How many rows and pieces of a reply are in the database."""
        rows = select(func.count()).where(ephemeral_replies.c.id == generation.id)
        pieces = select(func.count()).where(ephemeral_pieces.c.generation == generation.id)
        query = select(rows.scalar_subquery(), pieces.scalar_subquery())
        row = await self.database.read(lambda connection: connection.execute(query).one())
        return row[0], row[1]


@asynccontextmanager
async def serving(url: URL, *, answers: bool = True) -> AsyncIterator[Server]:
    """A server; one that does not answer others looks at no rows."""
    async with open_database(url, to_serve=True) as database:
        live = Live.on_postgresql(database)
        catalogue = Catalogue([ScriptedProvider()])
        replies = build_replies(Settings(local=False), database, catalogue, new_quota(), live, Metrics())
        shared = [each.run() for each in live.shared] if answers else []
        async with running(database.keep(), replies.checkpoint(), *shared):
            yield Server(replies, database)
            await replies.drain(0)


@asynccontextmanager
async def two_servers(url: URL, *, first_answers: bool = True) -> AsyncIterator[tuple[Server, Server]]:
    async with serving(url, answers=first_answers) as first, serving(url) as second:
        await until(lambda: first.database.other_servers and second.database.other_servers)
        yield first, second


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "COMPARE_EVERY", 0.05)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[tuple[Server, Server]]:
    """Two servers for all tests that leave them alive."""
    async with new_database(postgresql_url, postgresql_template) as url, two_servers(url) as servers:
        yield servers


@pytest.fixture
def first(both: tuple[Server, Server]) -> Server:
    return both[0]


@pytest.fixture
def second(both: tuple[Server, Server]) -> Server:
    return both[1]


@pytest_asyncio.fixture(loop_scope="module")
async def url(postgresql_url: URL, postgresql_template: str) -> AsyncIterator[URL]:
    """A database for servers of one test."""
    async with new_database(postgresql_url, postgresql_template) as url:
        yield url


@pytest.fixture
def me() -> Principal:
    name = new_id("client")
    return Principal(name, name)


async def until(holds: Any) -> None:
    """Wait until something holds, which may be a coroutine."""
    async with asyncio.timeout(30):
        while True:
            result = holds()
            if await result if asyncio.iscoroutine(result) else result:
                return
            await asyncio.sleep(0.01)


def ask(*faults: Fault, **named: Any) -> Stateless:
    script = Script(tokens_per_second=1e6, faults=faults)
    message = PromptMessage("user", WORDS)
    return Stateless((message,), ReplySettings(model="scripted/echo"), script, **named)


async def stalled(server: Server, owner: Principal, **named: Any) -> Generation:
    """A reply that has said two words and says nothing more."""
    generation = await server.replies.start(owner, ask(Fault(2, "stall"), **named))
    await changed(generation.log, 1)
    return generation


async def ended(server: Server, owner: Principal, **named: Any) -> Generation:
    generation = await server.replies.start(owner, ask(**named))
    await server.replies.finished(generation)
    return generation


async def is_found(server: Server, owner: Principal, generation: Generation) -> bool:
    try:
        await server.replies.find(owner, generation.id)
    except NotFoundError:
        return False
    return True


async def test_it_is_looked_at_followed_and_stopped_elsewhere(
    first: Server, second: Server, me: Principal
) -> None:
    generation = await stalled(first, me)
    there = await second.replies.find(me, generation.id)
    assert (there.message, there.model, there.is_stored) == (generation.message, generation.model, False)
    assert text_of(there.snapshot().events) == "one two"
    assert there.snapshot().outcome is None
    following = asyncio.create_task(delivered(second.replies, there, 1))
    await second.replies.cancel(there)
    async with asyncio.timeout(30):
        pages = await following
    assert "".join(text_of(page.events) for page in pages) == " two"
    assert pages[-1].outcome is not None
    assert pages[-1].outcome.status == Cancelled("user")


async def test_what_was_said_is_saved_only_for_its_client_elsewhere_and_goes_with_the_memory(
    first: Server, second: Server, me: Principal
) -> None:
    generation = await ended(first, me, conversation="ui:chat")
    outcome = generation.snapshot().outcome
    assert outcome is not None
    assert not await is_found(second, YOU, generation)
    assert await second.replies.running_in(YOU, "ui:chat") is None
    assert await first.rows(generation) == (1, 0)
    there = await second.replies.find(me, generation.id)
    assert text_of(there.snapshot().events) == WORDS
    assert there.snapshot().outcome == parse_outcome(outcome_object(outcome))
    assert await second.replies.running_in(me, "ui:chat") is None
    first.replies._active.forget_all(lambda each: each is generation)

    async def is_gone() -> bool:
        return await first.rows(generation) == (0, 0)

    await until(is_gone)
    assert not await is_found(second, me, generation)


async def test_the_newest_that_runs_in_a_chat_is_resumed_elsewhere(
    first: Server, second: Server, me: Principal
) -> None:
    chat = "ui:chat"
    await ended(first, me, conversation=chat)
    older = await stalled(first, me, conversation=chat)
    await until(lambda: now() > older.created_at)
    newer = await stalled(first, me, conversation=chat)
    await stalled(first, me, conversation="ui:other")

    async def is_resumed(server: Server, generation: Generation) -> bool:
        found = await server.replies.running_in(me, chat)
        return found is not None and found.id == generation.id

    assert await is_resumed(first, newer)
    assert await is_resumed(second, newer)
    await first.replies.cancel(newer)
    await until(lambda: is_resumed(second, older))


async def test_all_that_a_client_has_ends_on_all_servers(
    first: Server, second: Server, me: Principal
) -> None:
    here, there, over = await stalled(second, me), await stalled(first, me), await ended(second, me)
    over_there = await ended(first, me)
    others = await stalled(second, YOU)
    await second.replies.end_ephemeral(me.owner)
    for server, generation in ((second, here), (first, there)):
        async with asyncio.timeout(30):
            _, outcome = await server.replies.finished(generation)
        assert outcome.status == Cancelled("user")
    assert not await is_found(second, me, here)
    assert not await is_found(second, me, over)
    for generation in (there, over_there):
        assert not await is_found(second, me, generation)

    async def is_forgotten() -> bool:
        return not (await is_found(first, me, there) or await is_found(first, me, over_there))

    await until(is_forgotten)
    assert others.snapshot().outcome is None


async def test_the_command_that_deletes_a_client_ends_all_its_replies(
    first: Server, second: Server, me: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a stored one that says nothing more."""
    says_no_more = NewMessage(WORDS, settings=ReplySettings(model="scripted/stall"))
    stored, ephemeral = await first.replies.start(me, says_no_more), await stalled(first, me)
    address = first.database._url.render_as_string(hide_password=False)
    monkeypatch.setenv("HEADWATER_DATABASE_URL", address)
    async with aclosing(second.replies._changes.listen(me.owner, 60)) as changes:
        assert await anext(changes) == ()
        async with asyncio.timeout(30):
            await _delete_client(me.owner)
            for generation in (stored, ephemeral):
                _, outcome = await first.replies.finished(generation)
                assert outcome.status == Cancelled("user")
            assert stored.conversation in await anext(changes)


@pytest.mark.parametrize("is_silent", [False, True])
async def test_a_start_does_not_need_its_row(
    first: Server, second: Server, me: Principal, monkeypatch: pytest.MonkeyPatch, is_silent: bool
) -> None:
    """Also where a statement that is cancelled does not end, as all that write."""

    gives_up = asyncio.Event()

    async def fail(*_: Any) -> None:
        if is_silent:
            await uncancelled(gives_up.wait())
        raise UnavailableError("The database is away.", retry_after=1)

    monkeypatch.setattr(ephemeral, "PUBLISH_TIMEOUT", 0.01)
    with monkeypatch.context() as outage:
        outage.setattr(EphemeralRepository, "add", fail)
        async with asyncio.timeout(30):
            generation = await stalled(first, me)
        gives_up.set()
    await until(lambda: is_found(second, me, generation))


@contextmanager
def rows_added(server: Server) -> Iterator[list[str]]:
    """The statements within the block that add rows of ephemeral replies."""
    added: list[str] = []
    execute = server.database.execute

    async def note(statement: TextClause, parameters: Any) -> Any:
        if "INTO ephemeral" in statement.text:
            added.append(statement.text)
        return await execute(statement, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server.database, "execute", note)
        yield added


async def test_a_server_alone_writes_nothing_until_another_comes(url: URL, me: Principal) -> None:
    async with serving(url) as first:
        with rows_added(first) as added:
            generation = await stalled(first, me)
            await ended(first, me)
            assert not added
            async with serving(url) as second:
                await until(lambda: is_found(second, me, generation))
                added.clear()
                await ended(first, me)
                assert len(added) == 1


async def test_what_is_left_of_a_server_that_is_gone_ends_and_is_removed(url: URL, me: Principal) -> None:
    async with two_servers(url) as (first, second):
        generation, unread = await stalled(first, me), await stalled(first, me)
        there = await second.replies.find(me, generation.id)
        following = asyncio.create_task(second.replies.finished(there))
        gone = delete(servers).where(servers.c.name == first.database.server)
        await second.database.write(lambda connection: connection.execute(gone).close())
        async with asyncio.timeout(30):
            parts, outcome = await following
        assert (text_of(parts), outcome.status) == ("one two", Interrupted())

        async def is_gone() -> bool:
            return await number(second.database, ephemeral_replies) == 0

        await until(is_gone)
        assert not await is_found(second, me, unread)


async def test_nothing_that_was_said_stays_when_the_last_server_stops(url: URL, me: Principal) -> None:
    async with open_database(url) as database:
        async with two_servers(url) as (first, second):
            await second.replies.find(me, (await stalled(first, me)).id)
            shared = TailRepository(first.database)
            shared._number = 1000  # beyond what the server itself has shared
            await shared.add([])
            assert await number(database, ephemeral_pieces) > 0
        for table in (ephemeral_replies, ephemeral_pieces, tails):
            assert await number(database, table) == 0


async def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(
    url: URL, me: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FIRST_PIECE", 0.1)
    async with two_servers(url, first_answers=False) as (silent, other):
        generation = await stalled(silent, me)
        with pytest.raises(UnavailableError):
            await other.replies.find(me, generation.id)
