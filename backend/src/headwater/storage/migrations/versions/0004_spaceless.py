"""Chinese and Japanese, written without spaces, are found by any of their signs that stand together."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXED = (("conversations", "title"), ("messages", "text"))

# `headwater_words` is `headwater.storage.tokenizer.indexed`: SQLite has nothing that could do it.
SQLITE = """
DROP TRIGGER {table}_words_insert;
DROP TRIGGER {table}_words_delete;
DROP TRIGGER {table}_words_update;
DROP TABLE {table}_words;
DROP VIEW {table}_words_source;
CREATE VIEW {table}_words_source (rowid, owner, text) AS
SELECT seq, hex(client), headwater_words(substr({column}, 1, 100000)) FROM {table};
CREATE VIRTUAL TABLE {table}_words USING fts5(
    owner, text,
    content='{table}_words_source', content_rowid='rowid',
    tokenize='unicode61 remove_diacritics 2', prefix='1 2'
);
INSERT INTO {table}_words (rowid, owner, text) SELECT rowid, owner, text FROM {table}_words_source;
CREATE TRIGGER {table}_words_insert AFTER INSERT ON {table} BEGIN
    INSERT INTO {table}_words (rowid, owner, text)
    VALUES (new.seq, hex(new.client), headwater_words(substr(new.{column}, 1, 100000)));
END;
CREATE TRIGGER {table}_words_delete AFTER DELETE ON {table} BEGIN
    INSERT INTO {table}_words ({table}_words, rowid, owner, text)
    VALUES ('delete', old.seq, hex(old.client), headwater_words(substr(old.{column}, 1, 100000)));
END;
CREATE TRIGGER {table}_words_update AFTER UPDATE OF {column} ON {table} BEGIN
    INSERT INTO {table}_words ({table}_words, rowid, owner, text)
    VALUES ('delete', old.seq, hex(old.client), headwater_words(substr(old.{column}, 1, 100000)));
    INSERT INTO {table}_words (rowid, owner, text)
    VALUES (new.seq, hex(new.client), headwater_words(substr(new.{column}, 1, 100000)));
END;
"""

# As in 0002; then each sign that is written without spaces begins a word: in pairs from the first one of
# those that stand together, and in pairs from the second one.
SIGNS = (
    r"\u0001-/:-@\[-`{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    r"\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u249c-\u24e9\u2500-\u2775\u2794-\u2bff\u2e00-\u2e2e\u2e30-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe10-\ufe1f\ufe30-\ufe6f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40"
    r"\uff5b-\uff65\ufff9-\uffff\U0001f000-\U0001f0ff\U0001f10d-\U0001fbef"
)
SPACELESS = (
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
FUNCTION = r"""
CREATE FUNCTION headwater_words(said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain text := left(normalize(
        regexp_replace(
            regexp_replace(normalize(left(said, 100000), NFD), '[\u0300-\u036f]+', '', 'g'),
            '[SIGNS]+', ' ', 'g'
        ),
        NFC
    ), 100000);
BEGIN
    IF plain ~ '[SPACELESS]' THEN
        plain := left(plain, 80000);
        plain := regexp_replace(plain, '[SPACELESS]{1,2}', ' \& ', 'g') || regexp_replace(
            regexp_replace(plain, '(^|[^SPACELESS])[^SPACELESS]*[SPACELESS]?', ' ', 'g'),
            '[SPACELESS]{1,2}', ' \& ', 'g'
        );
    END IF;
    RETURN to_tsvector('simple', plain);
END $$
""".replace("SIGNS", SIGNS).replace("SPACELESS", SPACELESS)
POSTGRESQL = """
ALTER TABLE {table} DROP COLUMN words;
ALTER TABLE {table} ADD COLUMN words tsvector GENERATED ALWAYS AS (headwater_words({column})) STORED;
CREATE INDEX ix_{table}_words ON {table} USING gin (words);
"""


def upgrade() -> None:
    """Make the indexes anew."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql(FUNCTION)
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
