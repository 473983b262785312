"""What deleted rows leave behind in a file of SQLite, and how it goes."""

from functools import partial

from sqlalchemy import Connection, text

from headwater.storage.database import Database

WORDS = ("conversations_words", "messages_words")
"""The tables of the search index, see the migrations."""

MERGE_PAGES = 500
"""About how many pages of the index one transaction merges."""


async def overwrite_deleted(database: Database) -> None:
    """Overwrite what deleted rows leave in SQLite's search index and in its write-ahead log.

    SQLite overwrites deleted rows by itself (`secure_delete`), but the index keeps their words until its
    segments are merged. PostgreSQL needs nothing: its autovacuum frees deleted rows, with their words.
    """
    if not database.is_sqlite:
        return
    for table in WORDS:
        pages, changes = -MERGE_PAGES, 2
        while changes >= 2:
            changes = await database.write(partial(_merge, table=table, pages=pages))
            pages = MERGE_PAGES
    await database.empty_log()


def _merge(connection: Connection, table: str, pages: int) -> int:
    """Merge some of an index; returns the number of changes, less than 2 at the end."""
    changes = text("SELECT total_changes()")
    before: int = connection.scalar(changes)
    merge = text(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', :pages)")  # noqa: S608
    connection.execute(merge, {"pages": pages})
    after: int = connection.scalar(changes)
    return after - before
