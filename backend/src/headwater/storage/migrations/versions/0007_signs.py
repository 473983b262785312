"""Signs, and all scripts that are written without spaces, are found wherever they stand.

The indexes hold what `headwater.storage.tokenizer` makes of a text. SQLite calls it; PostgreSQL has a
function that does the same. A change of the tokenizer needs a migration that makes both indexes anew.
"""

from alembic import op

from headwater.storage.character_classes import SEPARATORS, SIGNS
from headwater.storage.tokenizer import DIACRITICS, LETTER, UNSPACED, WORD_CHARS

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXED = (("conversations", "title"), ("messages", "text"))

# The triggers of 0004 stay. Everything but spaces belongs to a token: `headwater_words` has split the text.
SQLITE = (
    "DROP TABLE {table}_words",
    """
    CREATE VIRTUAL TABLE {table}_words USING fts5(
        owner, text,
        content='{table}_words_source', content_rowid='rowid',
        tokenize="unicode61 remove_diacritics 2 categories 'L* M* N* P* S* C*'", prefix='1 2'
    )""",
    "INSERT INTO {table}_words (rowid, owner, text) SELECT rowid, owner, text FROM {table}_words_source",
)

# A tsvector without positions, which the search does not need. Its words hold at most ten bytes for each
# character of the text, so they fit into its 1 MiB.
POSTGRESQL = (
    "ALTER TABLE {table} ADD COLUMN words tsvector GENERATED ALWAYS AS (headwater_words({column})) STORED",
    "CREATE INDEX ix_{table}_words ON {table} USING gin (words)",
)
FUNCTION = r"""
CREATE FUNCTION headwater_words(said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain text := left(regexp_replace(
        normalize(regexp_replace(normalize(left(said, 100000), NFD), '[DIACRITICS]+', '', 'g'), NFC),
        '[SEPARATORS]+', ' ', 'g'
    ), 100000);
    tokens text := plain;
BEGIN
    IF plain ~ '[UNSPACED]' THEN
        -- The pairs of each run from its first character on, those from its second, and words with a sign.
        tokens := concat_ws(
            ' ',
            regexp_replace(plain, '[UNSPACED]{1,2}', ' \& ', 'g'),
            regexp_replace(
                regexp_replace(plain, '(^|[^UNSPACED])[^UNSPACED]*[UNSPACED]?', ' ', 'g'),
                '[UNSPACED]{1,2}', ' \& ', 'g'
            ),
            (SELECT string_agg(m.word[1], ' ') FROM regexp_matches(plain, 'LETTER+[SIGNS]', 'g') AS m(word))
        );
    END IF;
    RETURN array_to_tsvector(ARRAY(
        SELECT DISTINCT left(token, WORD_CHARS) FROM unnest(string_to_array(lower(tokens), ' ')) AS token
        WHERE token <> ''
    ));
END $$
"""


def upgrade() -> None:
    """Make the indexes anew."""
    connection = op.get_bind()
    statements: tuple[str, ...]
    if connection.dialect.name == "sqlite":
        statements = SQLITE
    else:
        statements = POSTGRESQL
        for table, _ in INDEXED:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN words")
        connection.exec_driver_sql("DROP FUNCTION headwater_words")
        connection.exec_driver_sql(_function())
    for table, column in INDEXED:
        for statement in statements:
            connection.exec_driver_sql(statement.format(table=table, column=column))


def _function() -> str:
    function = FUNCTION
    classes = {
        "DIACRITICS": DIACRITICS, "SEPARATORS": SEPARATORS, "UNSPACED": UNSPACED, "SIGNS": SIGNS,
        "LETTER": LETTER, "WORD_CHARS": str(WORD_CHARS),
    }  # fmt: skip
    for name, members in classes.items():
        function = function.replace(name, members)
    return function
