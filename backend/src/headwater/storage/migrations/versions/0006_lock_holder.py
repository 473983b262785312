"""A row names the server that holds the database lock, because PostgreSQL forgets locks when it restarts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the row, which names nobody yet."""
    holders = op.create_table("lock_holder", sa.Column("holder", sa.Text, nullable=False))
    op.bulk_insert(holders, [{"holder": ""}])
