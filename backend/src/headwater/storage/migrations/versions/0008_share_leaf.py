"""A message is removed without a scan of all links for one to it."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index of the foreign key."""
    op.create_index("ix_shares_leaf", "shares", ["leaf"])
