"""Conversations, their messages, and what runs of models said."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "conversations",
        sa.Column("seq", Sequence, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("titled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("deleted_at", sa.BigInteger),
        sa.Column("leaf", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("system", sa.Text),
        sa.Column("temperature", sa.Float),
        sa.Column("max_tokens", sa.BigInteger),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_conversations"),
        sa.UniqueConstraint("id", name="uq_conversations_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_conversations_client_archived_updated_at_seq",
        "conversations",
        ["client", "archived", "updated_at", "seq"],
    )
    op.create_index("ix_conversations_deleted_at", "conversations", ["deleted_at"])
    op.create_table(
        "messages",
        sa.Column("seq", Sequence, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("conversation", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reasoning", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("outcome", sa.JSON),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_messages"),
        sa.UniqueConstraint("id", name="uq_messages_id"),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name="fk_messages_conversation", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["parent"], ["messages.id"], name="fk_messages_parent", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_conversation_seq", "messages", ["conversation", "seq"])
    op.create_index("ix_messages_client_seq", "messages", ["client", "seq"])
    op.create_index("ix_messages_parent", "messages", ["parent"])
    op.create_table(
        "generations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("shape", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_generations"),
        sa.UniqueConstraint("message", name="uq_generations_message"),
        sa.ForeignKeyConstraint(
            ["message"], ["messages.id"], name="fk_generations_message", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "pieces",
        sa.Column("generation", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reasoning", sa.Text, nullable=False),
        sa.Column("shape", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("generation", "at", name="pk_pieces"),
        sa.ForeignKeyConstraint(
            ["generation"], ["generations.id"], name="fk_pieces_generation", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "shares",
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("conversation", sa.Text, nullable=False),
        sa.Column("leaf", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_shares"),
        sa.UniqueConstraint("conversation", name="uq_shares_conversation"),
        sa.ForeignKeyConstraint(
            ["conversation"], ["conversations.id"], name="fk_shares_conversation", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["leaf"], ["messages.id"], name="fk_shares_leaf", ondelete="CASCADE"),
    )
