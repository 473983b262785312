"""Notifications as rows, for servers behind a pooler; and which programs can work on the schema."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables. A crash of PostgreSQL may lose notifications, but not unnoticed."""
    op.create_table(
        "bells",
        sa.Column("server", sa.Text, sa.ForeignKey("servers.name", ondelete="CASCADE"), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Index("ix_bells_server", "server"),
        prefixes=["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else [],
    )
    compatibility = op.create_table("compatibility", sa.Column("oldest", sa.Text, nullable=False))
    op.bulk_insert(compatibility, [{"oldest": revision}])
