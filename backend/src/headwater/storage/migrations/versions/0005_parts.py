"""Messages have parts; ids stand for idempotency keys.

A message that is only text needs no parts, so only rows with reasoning change. The shape of a generation used
to hold the order of text and reasoning, as the sign of each length.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BATCH = 1000

messages = sa.table(
    "messages",
    sa.column("seq", sa.BigInteger),
    sa.column("id", sa.Text),
    sa.column("text", sa.Text),
    sa.column("reasoning", sa.Text),
    sa.column("parts", sa.JSON),
)
generations = sa.table(
    "generations",
    sa.column("id", sa.Text),
    sa.column("message", sa.Text),
    sa.column("shape", sa.LargeBinary),
    sa.column("request", sa.LargeBinary),
)
old_pieces = sa.table(
    "pieces",
    sa.column("generation", sa.Text),
    sa.column("at", sa.BigInteger),
    sa.column("text", sa.Text),
    sa.column("reasoning", sa.Text),
    sa.column("shape", sa.LargeBinary),
)
new_pieces = sa.table(
    "pieces",
    sa.column("generation", sa.Text),
    sa.column("at", sa.BigInteger),
    sa.column("parts", sa.JSON),
    sa.column("shape", sa.LargeBinary),
)


def upgrade() -> None:
    """Turn text and reasoning into parts, in their original order."""
    connection = op.get_bind()
    op.add_column("messages", sa.Column("parts", sa.JSON(none_as_null=True)))
    for rows in _rows_with_reasoning(connection):
        _write(connection, rows)
    op.drop_column("messages", "reasoning")

    pieces = connection.execute(sa.select(old_pieces)).mappings().all()
    op.drop_table("pieces")
    op.create_table(
        "pieces",
        sa.Column("generation", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("parts", sa.JSON, nullable=False),
        sa.Column("shape", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("generation", "at", name="pk_pieces"),
        sa.ForeignKeyConstraint(
            ["generation"], ["generations.id"], name="fk_pieces_generation", ondelete="CASCADE"
        ),
    )
    if pieces:
        connection.execute(
            sa.insert(new_pieces),
            [
                {
                    "generation": piece["generation"],
                    "at": piece["at"],
                    "parts": _parts(piece, _lengths(piece)),
                    "shape": _unsigned(_lengths(piece)),
                }
                for piece in pieces
            ],
        )

    # What told requests apart could not be read by another version; the keys are known by their column.
    connection.execute(sa.update(generations).values(request=None))


def _rows_with_reasoning(connection: sa.Connection) -> Iterator[Sequence[sa.RowMapping]]:
    query = (
        sa.select(messages, generations.c.id.label("generation"), generations.c.shape)
        .outerjoin(generations, generations.c.message == messages.c.id)
        .where(messages.c.reasoning != "")
        .order_by(messages.c.seq)
        .limit(BATCH)
    )
    last = -1
    while rows := connection.execute(query.where(messages.c.seq > last)).mappings().all():
        yield rows
        last = rows[-1]["seq"]


def _write(connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> None:
    connection.execute(
        sa.update(messages).where(messages.c.seq == sa.bindparam("row")).values(parts=sa.bindparam("new")),
        [{"row": row["seq"], "new": _parts(row, _lengths(row))} for row in rows],
    )
    shapes = [
        {"row": row["generation"], "new": _unsigned(_lengths(row))}
        for row in rows
        if row["shape"] is not None
    ]
    if shapes:
        connection.execute(
            sa.update(generations)
            .where(generations.c.id == sa.bindparam("row"))
            .values(shape=sa.bindparam("new")),
            shapes,
        )


def _parts(row: sa.RowMapping, lengths: Sequence[int]) -> list[dict[str, str]]:
    """The parts of a row, in order; reasoning comes first if there is no shape."""
    lengths = lengths or (-len(row["reasoning"]), len(row["text"]))
    parts, text, reasoning = [], 0, 0
    for is_text, run in groupby(filter(None, lengths), lambda length: length > 0):
        size = abs(sum(run))
        if is_text:
            parts.append({"type": "text", "text": row["text"][text : text + size]})
            text += size
        else:
            parts.append({"type": "reasoning", "text": row["reasoning"][reasoning : reasoning + size]})
            reasoning += size
    return parts


def _lengths(row: sa.RowMapping) -> list[int]:
    return [] if row["shape"] is None else msgspec.msgpack.decode(row["shape"], type=list[int])


def _unsigned(lengths: Sequence[int]) -> bytes:
    return msgspec.msgpack.encode([abs(length) for length in lengths])
