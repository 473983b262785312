"""Full-text search in titles and messages: FTS5 in SQLite, tsvector in PostgreSQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, TextClause, bindparam, func, select, text

from headwater.conversations.model import Conversation
from headwater.storage.database import Database
from headwater.storage.highlight import SnippetPart, highlight, snippet
from headwater.storage.rows import own_conversations
from headwater.storage.tables import messages
from headwater.storage.tokenizer import terms_of, words_of

INDEXED = 100_000
"""How many characters of a message are indexed; the migrations repeat this number."""


@dataclass(frozen=True, slots=True)
class SearchMatch:
    """A conversation and the newest of its messages with all the words; None if only the title has them."""

    conversation: Conversation
    message: str | None
    title: tuple[SnippetPart, ...]
    snippet: tuple[SnippetPart, ...]


@dataclass(frozen=True, slots=True)
class SearchCursor:
    """A position in the matches: first titles, then messages, each newest first."""

    stage: Literal["titles", "messages"]
    before: int


@dataclass(frozen=True, slots=True)
class _Hit:
    seq: int
    conversation: str
    message: str | None


class SearchRepository:
    """Searches the conversations of an owner."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = _SQLITE if database.is_sqlite else _POSTGRESQL

    async def search(
        self, owner: str, query: str, limit: int, after: SearchCursor | None
    ) -> tuple[list[SearchMatch], SearchCursor | None]:
        """Conversations with all words of the query in one message or in the title, newest first.

        The last word may be the beginning of one. A query without words matches nothing.
        """
        words = words_of(query)
        if not words:
            return [], None

        def work(connection: Connection) -> tuple[list[SearchMatch], SearchCursor | None]:
            search = _Search(connection, self._sql, owner, words)
            hits, cursor = search.hits(limit, after)
            return search.matches(hits), cursor

        return await self._database.read(work, long=True)


class _Search:
    """One search, in one transaction."""

    def __init__(self, connection: Connection, sql: "_Sql", owner: str, words: Sequence[str]) -> None:
        self._connection = connection
        self._sql = sql
        self._owner = owner
        self._words = words
        self._parameters = {"client": owner, "query": sql.query(owner, words)}

    def hits(self, limit: int, after: SearchCursor | None) -> tuple[list[_Hit], SearchCursor | None]:
        hits: list[_Hit] = []
        before: int | None = None
        if after is None or after.stage == "titles":
            hits = self._titles(limit + 1, None if after is None else after.before)
            if len(hits) > limit:
                return hits[:limit], SearchCursor("titles", hits[limit - 1].seq)
        else:
            before = after.before
        hits += self._messages(limit + 1 - len(hits), before)
        if len(hits) <= limit:
            return hits, None
        hits = hits[:limit]
        # The titles may have filled the whole page.
        last = hits[-1]
        return hits, SearchCursor("messages", last.seq if last.message is not None else _NEWEST)

    def matches(self, hits: Sequence[_Hit]) -> list[SearchMatch]:
        """The hits with their conversations and snippets."""
        names = [hit.conversation for hit in hits]
        conversations = own_conversations(self._connection, self._owner, names)
        inside = {hit.conversation: hit.message for hit in hits if hit.message is not None}
        inside |= self._newest_in([name for name in names if name not in inside])
        texts = self._texts(list(inside.values()))
        return [
            SearchMatch(
                conversations[name],
                inside.get(name),
                highlight(conversations[name].title, self._words),
                snippet(texts[inside[name]], self._words) if name in inside else (),
            )
            for name in names
            if name in conversations
        ]

    def _titles(self, limit: int, before: int | None) -> list[_Hit]:
        rows = self._connection.execute(
            self._sql.titles,
            {**self._parameters, "before": _NEWEST if before is None else before, "limit": limit},
        )
        return [_Hit(row.seq, row.conversation, None) for row in rows]

    def _messages(self, limit: int, before: int | None) -> list[_Hit]:
        """Newest first; one for each conversation that no earlier page showed, for its title or a message."""
        hits: dict[str, _Hit] = {}
        seen: list[str] = []  # so that the next batch does not hold hundreds of messages of one conversation
        start = position = _NEWEST if before is None else before
        while len(hits) < limit:
            page = {"before": position, "limit": _BATCH, "seen": seen[-_BATCH:] or [""]}
            batch = self._connection.execute(self._sql.messages, {**self._parameters, **page}).all()
            fresh = {row.conversation: row for row in reversed(batch) if row.conversation not in hits}
            shown = self._shown(list(fresh), start)
            for row in sorted(fresh.values(), key=lambda row: row.seq, reverse=True):
                if row.conversation not in shown:
                    hits[row.conversation] = _Hit(row.seq, row.conversation, row.message)
            if len(batch) < _BATCH:
                break
            position = batch[-1].seq
            seen += fresh
        return list(hits.values())[:limit]

    def _shown(self, names: list[str], before: int) -> set[str]:
        if not names:
            return set()
        parameters = {**self._parameters, "names": names}
        shown = set(self._connection.scalars(self._sql.titled, parameters))
        if before != _NEWEST:
            shown |= set(self._connection.scalars(self._sql.newer, {**parameters, "before": before}))
        return shown

    def _newest_in(self, names: list[str]) -> dict[str, str]:
        """The newest message with all the words in each of these conversations that has one."""
        if not names:
            return {}
        rows = self._connection.execute(self._sql.inside, {**self._parameters, "names": names})
        return {row.conversation: row.message for row in rows}

    def _texts(self, names: list[str]) -> dict[str, str]:
        query = select(messages.c.id, func.substr(messages.c.text, 1, INDEXED).label("beginning"))
        rows = self._connection.execute(query.where(messages.c.id.in_(names)))
        return {row.id: row.beginning for row in rows}


_NEWEST = 10**18 - 1
_BATCH = 200


@dataclass(frozen=True, slots=True)
class _Sql:
    """The statements of one database. `names` are ids of conversations; `before` is exclusive."""

    query: Callable[[str, Sequence[str]], str]
    titles: TextClause
    messages: TextClause
    titled: TextClause
    newer: TextClause
    inside: TextClause


def _sqlite_query(owner: str, words: Sequence[str]) -> str:
    wanted = " AND ".join(f'"{term.text}"{" *" * term.is_beginning}' for term in terms_of(words))
    return f'owner : "{owner.encode().hex()}" AND text : ({wanted})'


def _postgresql_query(_owner: str, words: Sequence[str]) -> str:
    return " & ".join(f"'{term.text}'{':*' * term.is_beginning}" for term in terms_of(words))


def _listing(statement: str, names: str = "names") -> TextClause:
    return text(statement).bindparams(bindparam(names, expanding=True))


_SQLITE = _Sql(
    _sqlite_query,
    titles=text("""
        SELECT c.seq AS seq, c.id AS conversation
        FROM conversations_words w CROSS JOIN conversations c ON c.seq = w.rowid
        WHERE conversations_words MATCH :query AND w.rowid < :before
          AND c.client = :client AND c.deleted_at IS NULL
        ORDER BY w.rowid DESC LIMIT :limit"""),
    messages=_listing(
        """
        SELECT m.seq AS seq, m.conversation AS conversation, m.id AS message
        FROM messages_words w CROSS JOIN messages m ON m.seq = w.rowid
        CROSS JOIN conversations c ON c.id = m.conversation
        WHERE messages_words MATCH :query AND w.rowid < :before
          AND m.client = :client AND c.deleted_at IS NULL AND m.conversation NOT IN :seen
        ORDER BY w.rowid DESC LIMIT :limit""",
        "seen",
    ),
    # A lookup in the index is expensive, so each of these reads the index once, over the range of rows.
    titled=_listing("""
        WITH named AS MATERIALIZED (SELECT c.seq, c.id FROM conversations c WHERE c.id IN :names)
        SELECT n.id FROM conversations_words w CROSS JOIN named n ON n.seq = +w.rowid
        WHERE conversations_words MATCH :query
          AND w.rowid BETWEEN (SELECT min(seq) FROM named) AND (SELECT max(seq) FROM named)"""),
    newer=_listing("""
        WITH inside AS MATERIALIZED (
            SELECT m.seq, m.conversation FROM messages m WHERE m.conversation IN :names AND m.seq >= :before
        )
        SELECT DISTINCT i.conversation FROM messages_words w CROSS JOIN inside i ON i.seq = +w.rowid
        WHERE messages_words MATCH :query
          AND w.rowid BETWEEN (SELECT min(seq) FROM inside) AND (SELECT max(seq) FROM inside)"""),
    inside=_listing("""
        WITH inside AS MATERIALIZED (
            SELECT m.seq, m.conversation, m.id FROM messages m WHERE m.conversation IN :names
        )
        SELECT i.conversation AS conversation, i.id AS message
        FROM messages_words w CROSS JOIN inside i ON i.seq = +w.rowid
        WHERE messages_words MATCH :query
          AND w.rowid BETWEEN (SELECT min(seq) FROM inside) AND (SELECT max(seq) FROM inside)
        ORDER BY i.seq"""),
)

_POSTGRESQL = _Sql(
    _postgresql_query,
    titles=text("""
        SELECT c.seq AS seq, c.id AS conversation FROM conversations c
        WHERE c.words @@ CAST(lower(:query) AS tsquery) AND c.seq < :before
          AND c.client = :client AND c.deleted_at IS NULL
        ORDER BY c.seq DESC LIMIT :limit"""),
    messages=_listing(
        """
        SELECT m.seq AS seq, m.conversation AS conversation, m.id AS message
        FROM messages m JOIN conversations c ON c.id = m.conversation
        WHERE m.words @@ CAST(lower(:query) AS tsquery) AND m.seq < :before
          AND m.client = :client AND c.deleted_at IS NULL AND m.conversation NOT IN :seen
        ORDER BY m.seq DESC LIMIT :limit""",
        "seen",
    ),
    titled=_listing("""
        SELECT c.id FROM conversations c
        WHERE c.id IN :names AND c.words @@ CAST(lower(:query) AS tsquery)"""),
    newer=_listing("""
        SELECT DISTINCT m.conversation FROM messages m
        WHERE m.words @@ CAST(lower(:query) AS tsquery) AND m.seq >= :before
          AND m.conversation IN :names"""),
    inside=_listing("""
        SELECT m.conversation AS conversation, m.id AS message FROM messages m
        WHERE m.conversation IN :names AND m.words @@ CAST(lower(:query) AS tsquery)
        ORDER BY m.seq"""),
)
