"""Full-text search in titles and messages: FTS5 in SQLite, tsvector in PostgreSQL."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXED = (("conversations", "title"), ("messages", "text"))

# Whose a row is, is a word of the index as well, so that a search reads only the client's own rows. The
# tables hold no text: they read it through a view.
SQLITE = """
CREATE VIEW {table}_words_source AS SELECT seq AS rowid, hex(client) AS owner, {column} AS text FROM {table};
CREATE VIRTUAL TABLE {table}_words USING fts5(
    owner, text,
    content='{table}_words_source', content_rowid='rowid', tokenize='unicode61 remove_diacritics 2'
);
INSERT INTO {table}_words (rowid, owner, text) SELECT seq, hex(client), {column} FROM {table};
CREATE TRIGGER {table}_words_insert AFTER INSERT ON {table} BEGIN
    INSERT INTO {table}_words (rowid, owner, text) VALUES (new.seq, hex(new.client), new.{column});
END;
CREATE TRIGGER {table}_words_delete AFTER DELETE ON {table} BEGIN
    INSERT INTO {table}_words ({table}_words, rowid, owner, text)
    VALUES ('delete', old.seq, hex(old.client), old.{column});
END;
CREATE TRIGGER {table}_words_update AFTER UPDATE OF {column} ON {table} BEGIN
    INSERT INTO {table}_words ({table}_words, rowid, owner, text)
    VALUES ('delete', old.seq, hex(old.client), old.{column});
    INSERT INTO {table}_words (rowid, owner, text) VALUES (new.seq, hex(new.client), new.{column});
END;
"""

# A tsvector holds at most 1 MiB, so the first 100,000 characters are found. PostgreSQL's parser would keep
# addresses and hyphenated words whole: without their punctuation they are words.
POSTGRESQL = """
ALTER TABLE {table} ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector(
        'simple',
        translate(left({column}, 100000), '!"#$%&''()*+,-./:;<=>?@[\\]^_`{{|}}~', repeat(' ', 32))
    )
) STORED;
CREATE INDEX ix_{table}_words ON {table} USING gin (words);
"""


def upgrade() -> None:
    """Make the indexes, of what is there and what comes."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    for table, column in INDEXED:
        script = (SQLITE if sqlite else POSTGRESQL).format(table=table, column=column)
        for statement in _statements(script):
            connection.exec_driver_sql(statement)


def _statements(script: str) -> list[str]:
    """A trigger's own statements are indented: a statement ends where a line that is not ends with `;`."""
    statements, lines = [], []
    for line in script.strip().splitlines():
        lines.append(line)
        if line.endswith(";") and not line.startswith(" "):
            statements.append("\n".join(lines))
            lines = []
    return statements
