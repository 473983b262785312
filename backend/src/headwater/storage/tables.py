"""The tables that both databases have. Full-text search differs: see the migrations and `search.py`."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Sequence = BigInteger().with_variant(Integer, "sqlite")
"""The order in which rows were added. SQLite numbers rows only in a column of type INTEGER."""


def _belongs_to(target: str) -> ForeignKey:
    return ForeignKey(target, ondelete="CASCADE")


conversations = Table(
    "conversations",
    metadata,
    Column("seq", Sequence, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("client", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("titled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("deleted_at", BigInteger),
    Column("leaf", Text),
    Column("model", Text),
    Column("system", Text),
    Column("temperature", Float),
    Column("max_tokens", BigInteger),
    Column("version", BigInteger, nullable=False),
    Index(None, "client", "archived", "updated_at", "seq"),
    Index(None, "deleted_at"),
    sqlite_autoincrement=True,
)

messages = Table(
    "messages",
    metadata,
    Column("seq", Sequence, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("conversation", Text, _belongs_to("conversations.id"), nullable=False),
    Column("client", Text, nullable=False),
    Column("parent", Text, _belongs_to("messages.id"), index=True),
    Column("role", Text, nullable=False),
    # `text` is all text of the parts, joined, for search. `parts` is null for a message that is only text.
    Column("text", Text, nullable=False),
    Column("parts", JSON(none_as_null=True)),
    Column("model", Text),
    Column("outcome", JSON(none_as_null=True)),
    Column("left_out", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "conversation", "seq"),
    Index(None, "client", "seq"),
    sqlite_autoincrement=True,
)

generations = Table(
    "generations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("message", Text, _belongs_to("messages.id"), nullable=False, unique=True),
    Column("client", Text, nullable=False),
    # The lengths of the events; null while the generation is open.
    Column("shape", LargeBinary),
    # Digests of the members of the request that chose the id.
    Column("request", LargeBinary),
    # The idempotency key of replies from before ids were derived from keys.
    Column("key", Text),
    # The server that runs an open generation, and the outcome with which another one asks it to stop.
    Column("server", Text),
    Column("stop", JSON(none_as_null=True)),
    Index(None, "client", "key", unique=True),
    Index(
        "ix_generations_open",
        "client",
        postgresql_where=text("shape IS NULL"),
        sqlite_where=text("shape IS NULL"),
    ),
)

pieces = Table(
    "pieces",
    metadata,
    Column("generation", Text, _belongs_to("generations.id"), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("parts", JSON, nullable=False),
    Column("shape", LargeBinary, nullable=False),
)
"""The events of open generations, saved from time to time; deleted when the generation closes."""

tails = Table(
    "tails",
    metadata,
    Column("server", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("pieces", LargeBinary, nullable=False),
)
"""What replies that are read on other servers have got lately, see `tails.py`."""

ephemeral_replies = Table(
    "ephemeral_replies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client", Text, nullable=False, index=True),
    Column("conversation", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("parent", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # The server that has it in memory; null once that is gone. `stop` is as in `generations`.
    Column("server", Text, ForeignKey("servers.name", ondelete="SET NULL"), index=True),
    Column("stop", JSON(none_as_null=True)),
)
"""Replies that are not stored, while one of several servers has them in memory: see `ephemeral.py`."""

ephemeral_pieces = Table(
    "ephemeral_pieces",
    metadata,
    Column("generation", Text, _belongs_to("ephemeral_replies.id"), primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("parts", JSON, nullable=False),
    Column("shape", LargeBinary, nullable=False),
    Column("outcome", JSON(none_as_null=True)),
)
"""The events of those that are read on another server; the last piece has the outcome."""

shares = Table(
    "shares",
    metadata,
    Column("token", Text, primary_key=True),
    Column("conversation", Text, _belongs_to("conversations.id"), nullable=False, unique=True),
    Column("leaf", Text, _belongs_to("messages.id"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
)

lock_holder = Table("lock_holder", metadata, Column("holder", Text, nullable=False))
"""One row, for servers of older versions, which worked on a database alone: see `servers.py`."""

servers = Table(
    "servers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("version", Text, nullable=False),
)
"""The servers that work on a database of PostgreSQL, see `servers.py`.

The row without a name stands for programs that are no server. `version` is for whoever looks at the table."""

bells = Table(
    "bells",
    metadata,
    Column("server", Text, _belongs_to("servers.name"), nullable=False, index=True),
    Column("payload", Text, nullable=False),
)
"""Notifications for servers that no NOTIFY reaches, see `pooler.py`."""

readers = Table(
    "readers",
    metadata,
    Column("generation", Text, primary_key=True),
    Column("server", Text, _belongs_to("servers.name"), primary_key=True, index=True),
)
"""Which servers have readers of replies that others run."""

buckets = Table(
    "buckets",
    metadata,
    Column("key", Text, primary_key=True),
    Column("full_at", DateTime(timezone=True), nullable=False),
)
"""When all starts of a client are available again, see `identity/quota.py`. Keys are digests."""

slots = Table(
    "slots",
    metadata,
    Column("server", Text, _belongs_to("servers.name"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, index=True),
)
"""The running replies of each server, by the same keys."""

secrets = Table(
    "secrets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("server_id", Text, nullable=False),
    Column("signing_keys", JSON, nullable=False),
)
"""One row: what all servers sign with, see `identity/signing_keys.py`."""

compatibility = Table("compatibility", metadata, Column("oldest", Text, nullable=False))
"""One row: the oldest revision whose programs can work on this schema, see `schema.py`."""
