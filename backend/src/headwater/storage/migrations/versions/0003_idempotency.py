"""Idempotency keys beside the generations that they began."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Generations that are there have none: nobody asks for them again."""
    op.add_column("generations", sa.Column("key", sa.Text))
    op.add_column("generations", sa.Column("request", sa.LargeBinary))
    op.create_index("ix_generations_client_key", "generations", ["client", "key"], unique=True)
