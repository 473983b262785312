"""How the databases look things up: by an index, whatever is asked, however much is kept."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, TextClause, event, text

from headwater.generation.kinds.text import Text
from headwater.generation.log import Piece
from headwater.storage.conversations import ANALYZE_FROM, ConversationRepository, ListCursor
from headwater.storage.database import Database
from headwater.storage.postgresql import Postgresql, _native
from headwater.storage.replies import ReplyRepository
from headwater.storage.search import SearchCursor, SearchRepository
from headwater.storage.shares import ShareRepository
from tests.storage.trees import COMPLETED, begin, begun, line, new_conversation, new_reply

WHOLE_TABLE = re.compile(
    r"Seq Scan on (conversations|messages|generations|pieces|shares)"  # PostgreSQL
    r"|^SCAN (conversations|messages|generations|pieces|shares|[cm])\b"  # SQLite
    r"|^SCAN w VIRTUAL TABLE INDEX (?!\S*M)",  # its index of words, without a word
    re.MULTILINE,
)


@contextmanager
def statements(database: Database) -> Iterator[dict[str, Any]]:
    """What is asked within the block, each statement with the values of one time."""
    asked: dict[str, Any] = {}

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if not many and statement.split()[0] in {"SELECT", "UPDATE", "DELETE", "WITH"}:
            asked[statement] = parameters

    async def fetch(self: Postgresql, statement: TextClause, parameters: Mapping[str, Any]) -> Any:
        query, names = _native(statement)
        note(None, None, query, tuple(parameters[name] for name in names), None, many=False)
        return await direct(self, statement, parameters)

    engine, direct = database._store.engine, Postgresql.fetch
    event.listen(engine, "before_cursor_execute", note)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Postgresql, "fetch", fetch)
        yield asked
    event.remove(engine, "before_cursor_execute", note)


async def test_no_statement_reads_a_whole_table(database: Database) -> None:
    repository, replies = ConversationRepository(database), ReplyRepository(database)
    shares, search = ShareRepository(database), SearchRepository(database)
    name, question, reply = await begun(repository, "me", "A river", title="Rivers")
    with statements(database) as asked:
        await begin(repository, "me", name, new_reply(question), (), None)
        await repository.ids("me")
        await repository.read("me", name)
        await repository.branch("me", name, None)
        for archived, pinned in ((False, None), (True, None), (False, True), (False, False)):
            for after in (None, ListCursor(5_000, 5_000)):
                await repository.page("me", archived=archived, pinned=pinned, limit=50, after=after)
        await repository.change("me", name, {"title": "Rivers", "leaf": question.id})
        for after_ in (None, SearchCursor("titles", 5_000), SearchCursor("messages", 5_000)):
            await search.search("me", "riv", 20, after_)
        token = await shares.share("me", name, 5)
        await shares.find(token)
        await shares.unshare("me", name)
        await replies.save([Piece(reply.generation, 0, [Text("a")])])
        await replies.close(reply.generation, [Text("a")], COMPLETED)
        await replies.find("me", reply.generation)
        await replies.with_ids([reply.generation])
        await repository.delete("me", name, 5)
        await repository.restore("me", name)
        await repository.delete("me", name, 5)
        await repository.purge(10)
    assert len(asked) >= 25
    plans = {}

    def explain(connection: Connection) -> None:
        if not database.is_sqlite:
            # A table of three rows is read whole, unless that is the last resort.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            for table in ("conversations", "messages"):
                words = f"SELECT id FROM {table} WHERE words @@ to_tsquery('simple', 'riv:*')"
                plan = connection.execute(text(f"EXPLAIN {words}")).scalars().all()
                assert f"ix_{table}_words" in "".join(plan)
        verb = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        for statement, parameters in asked.items():
            rows = connection.exec_driver_sql(verb + statement, parameters)
            plans[statement] = "\n".join(str(row[-1]) for row in rows)

    await database.read(explain)
    slow = {statement: plan for statement, plan in plans.items() if WHOLE_TABLE.search(plan)}
    assert not slow, "\n\n".join(f"{statement}\n{plan}" for statement, plan in slow.items())
    lists = [plan for statement, plan in plans.items() if "ORDER BY conversations.updated_at" in statement]
    assert len(lists) > 2
    if database.is_sqlite:
        for plan in lists:
            assert "ix_conversations_client_archived_updated_at_seq (client=? AND archived=?" in plan
            assert "TEMP B-TREE" not in plan
        named = [plan for statement, plan in plans.items() if "conversations.id IN" in statement]
        assert named
        for plan in named:
            assert "(client=?" not in plan  # all that the client has


@pytest.mark.parametrize("server_url", ["postgresql"], indirect=True)
async def test_much_that_was_imported_is_counted_at_once(database: Database) -> None:
    repository = ConversationRepository(database)
    query = text("SELECT tablename FROM pg_stats WHERE schemaname = 'public'")
    for messages, expected in ((ANALYZE_FROM - 1, set()), (ANALYZE_FROM, {"conversations", "messages"})):
        said = line(*["a river"] * messages)
        await repository.insert("me", [(new_conversation(said), said)])
        counted = await database.read(lambda connection: connection.scalars(query).all())
        assert set(counted) == expected
