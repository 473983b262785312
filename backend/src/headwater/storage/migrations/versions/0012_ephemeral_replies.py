"""Replies that are not stored have rows while they are in the memory of one of several servers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, which stay empty on SQLite."""
    op.create_table(
        "ephemeral_replies",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("conversation", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("server", sa.Text, sa.ForeignKey("servers.name", ondelete="SET NULL")),
        sa.Column("stop", sa.JSON(none_as_null=True)),
        sa.Index("ix_ephemeral_replies_client", "client"),
        sa.Index("ix_ephemeral_replies_server", "server"),
    )
    op.create_table(
        "ephemeral_pieces",
        sa.Column(
            "generation", sa.Text, sa.ForeignKey("ephemeral_replies.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("parts", sa.JSON, nullable=False),
        sa.Column("shape", sa.LargeBinary, nullable=False),
        sa.Column("outcome", sa.JSON(none_as_null=True)),
    )
