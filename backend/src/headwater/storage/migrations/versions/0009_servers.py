"""Several servers work on one database of PostgreSQL: who they are, and what they run, read and stop."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns, which name nobody yet."""
    servers = op.create_table(
        "servers",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
    )
    op.bulk_insert(servers, [{"name": "", "seen_at": datetime.now(UTC), "version": ""}])
    op.create_table(
        "readers",
        sa.Column("generation", sa.Text, primary_key=True),
        sa.Column("server", sa.Text, sa.ForeignKey("servers.name", ondelete="CASCADE"), primary_key=True),
        sa.Index("ix_readers_server", "server"),
    )
    op.add_column("generations", sa.Column("server", sa.Text))
    op.add_column("generations", sa.Column("stop", sa.JSON(none_as_null=True)))
    is_open = sa.text("shape IS NULL")
    op.create_index(
        "ix_generations_open", "generations", ["client"], postgresql_where=is_open, sqlite_where=is_open
    )
