"""What deleted rows leave behind in a file of SQLite, and how it goes."""

from sqlalchemy import text

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
        merge = text(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', :pages)")  # noqa: S608
        pages, changes = -MERGE_PAGES, 2
        while changes >= 2:
            async with database.writing() as connection:
                before = await connection.scalar(text("SELECT total_changes()"))
                await connection.execute(merge, {"pages": pages})
                changes = await connection.scalar(text("SELECT total_changes()")) - before
            pages = MERGE_PAGES
    await database.checkpoint()
