"""What replies that are read on other servers have got lately, one row a write."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table. PostgreSQL keeps no log of it: after a crash it may be empty."""
    op.create_table(
        "tails",
        sa.Column("server", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pieces", sa.LargeBinary, nullable=False),
        prefixes=["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else [],
    )
