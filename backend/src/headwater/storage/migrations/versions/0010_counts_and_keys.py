"""What several servers share: counts of starts and of running replies, and signing keys."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COUNT_START = """
CREATE FUNCTION count_start(
    own_server text, start_key text, cost float8, burst float8, known float8,
    slot bigint, vacated bigint[], most integer,
    OUT held integer, OUT is_counted boolean, OUT has_slot boolean, OUT full_in float8
) LANGUAGE plpgsql AS $$
DECLARE
    started_at timestamptz := clock_timestamp();
    known_full_at timestamptz := started_at + make_interval(secs => known);
    added interval := make_interval(secs => cost);
    latest timestamptz := started_at + make_interval(secs => burst);
    bucket_full_at timestamptz;
BEGIN
    held := 0;
    is_counted := false;
    has_slot := false;
    full_in := 0;
    -- As in each statement that writes: a server without its row writes no more.
    PERFORM FROM servers WHERE name = own_server FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    held := 1;
    -- This locks the bucket, also where it is too full. So starts with one key come one after another, and
    -- the statements below see what those before have written.
    INSERT INTO buckets AS bucket (key, full_at) VALUES (start_key, known_full_at + added)
    ON CONFLICT (key) DO UPDATE SET full_at = greatest(bucket.full_at, known_full_at) + added
    WHERE greatest(bucket.full_at, known_full_at) + added <= latest
    RETURNING full_at INTO bucket_full_at;
    is_counted := FOUND;
    IF NOT is_counted THEN
        SELECT full_at INTO bucket_full_at FROM buckets WHERE key = start_key;
    END IF;
    full_in := greatest(extract(epoch FROM bucket_full_at - started_at), 0);
    IF is_counted AND slot IS NOT NULL THEN
        SELECT count(*) < most INTO has_slot FROM slots
        WHERE key = start_key AND NOT (server = own_server AND (number = slot OR number = ANY(vacated)));
        IF has_slot THEN
            INSERT INTO slots (server, number, key) VALUES (own_server, slot, start_key)
            ON CONFLICT DO NOTHING;
        END IF;
    END IF;
END $$"""


def upgrade() -> None:
    """Add the tables, and the function that counts a start in one step.

    A crash of PostgreSQL may lose counts: the servers write again what is occupied.
    """
    unlogged = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []
    op.create_table(
        "buckets",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        prefixes=unlogged,
    )
    op.create_table(
        "slots",
        sa.Column("server", sa.Text, sa.ForeignKey("servers.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Index("ix_slots_key", "key"),
        prefixes=unlogged,
    )
    op.create_table(
        "secrets",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("server_id", sa.Text, nullable=False),
        sa.Column("signing_keys", sa.JSON, nullable=False),
    )
    if unlogged:
        op.execute(COUNT_START)
