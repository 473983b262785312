"""Full-text search in titles and messages: FTS5 in SQLite, tsvector in PostgreSQL."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXED = (("conversations", "title"), ("messages", "text"))

# The first 100,000 characters are found, in either database: a tsvector holds at most 1 MiB.
#
# Whose a row is, is a word of the index as well, so that a search reads only the client's own rows. The
# tables hold no text: they read it through a view.
SQLITE = """
CREATE VIEW {table}_words_source (rowid, owner, text) AS
SELECT seq, hex(client), substr({column}, 1, 100000) FROM {table};
CREATE VIRTUAL TABLE {table}_words USING fts5(
    owner, text,
    content='{table}_words_source', content_rowid='rowid',
    tokenize='unicode61 remove_diacritics 2', prefix='1 2'
);
INSERT INTO {table}_words (rowid, owner, text) SELECT rowid, owner, text FROM {table}_words_source;
CREATE TRIGGER {table}_words_insert AFTER INSERT ON {table} BEGIN
    INSERT INTO {table}_words (rowid, owner, text)
    VALUES (new.seq, hex(new.client), substr(new.{column}, 1, 100000));
END;
CREATE TRIGGER {table}_words_delete AFTER DELETE ON {table} BEGIN
    INSERT INTO {table}_words ({table}_words, rowid, owner, text)
    VALUES ('delete', old.seq, hex(old.client), substr(old.{column}, 1, 100000));
END;
CREATE TRIGGER {table}_words_update AFTER UPDATE OF {column} ON {table} BEGIN
    INSERT INTO {table}_words ({table}_words, rowid, owner, text)
    VALUES ('delete', old.seq, hex(old.client), substr(old.{column}, 1, 100000));
    INSERT INTO {table}_words (rowid, owner, text)
    VALUES (new.seq, hex(new.client), substr(new.{column}, 1, 100000));
END;
"""

# Signs are left out before PostgreSQL's parser sees them: it would keep addresses and hyphenated words whole,
# and in the locale C it takes every sign beyond ASCII for a letter. As in SQLite, diacritics do not count.
SIGNS = (
    r"\u0001-/:-@\[-`{{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    r"\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u249c-\u24e9\u2500-\u2775\u2794-\u2bff\u2e00-\u2e2e\u2e30-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe10-\ufe1f\ufe30-\ufe6f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40"
    r"\uff5b-\uff65\ufff9-\uffff\U0001f000-\U0001f0ff\U0001f10d-\U0001fbef"
)
POSTGRESQL = r"""
ALTER TABLE {table} ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', left(normalize(
        regexp_replace(
            regexp_replace(normalize(left({column}, 100000), NFD), '[\u0300-\u036f]+', '', 'g'),
            '[SIGNS]+', ' ', 'g'
        ),
        NFC
    ), 100000))
) STORED;
CREATE INDEX ix_{table}_words ON {table} USING gin (words);
""".replace("SIGNS", SIGNS)


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
