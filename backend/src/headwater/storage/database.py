"""The database: SQLite in the data folder, or PostgreSQL; opened, configured, and migrated."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any, TypeVar

from asyncpg import Record
from sqlalchemy import Connection, TextClause, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from headwater.clock import now
from headwater.errors import UnavailableError
from headwater.storage.connections import Pooler
from headwater.storage.lock import Claim, LockedError, lock_file
from headwater.storage.outage import OUTAGES, is_slow, outage_reason
from headwater.storage.pooler import find_pooler
from headwater.storage.postgresql import COLLECT_EVERY, Postgresql
from headwater.storage.schema import SchemaError, require, upgrade
from headwater.storage.servers import BEAT, POOLED, ServerRow
from headwater.storage.sqlite import Sqlite

logger = logging.getLogger(__name__)

DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+aiosqlite": "sqlite+pysqlite",  # what earlier versions used
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
"""The driver for each scheme that people write; a URL may also name one of these drivers itself."""

QUERY = ("sslmode", "ssl", "host", "port", "user", "password", "passfile", "target_session_attrs")
"""What the query of a URL of PostgreSQL may have."""

SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

RETRY_AFTER = 5
"""Seconds after which clients may try again while the database is not available."""

RECOVERY_TIME = 3.0
"""Seconds without a failure after which an outage is over.

A small write still succeeds on a full disk, between larger ones that fail and are repeated sooner than this.
"""

T = TypeVar("T")

_NOW = text("SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now")


class DatabaseError(Exception):
    """The database cannot be used; the message says why in one line, without the password."""


def database_url(text: str) -> URL:
    """Parse a URL and name the driver.

    Raises `ValueError` for anything but PostgreSQL, with no more than `QUERY`, or a file of SQLite.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(text) from None
    driver = DRIVERS.get(url.drivername, url.drivername)
    if driver not in DRIVERS.values():
        raise ValueError(text)
    if driver == DRIVERS["sqlite"] and url.database in {None, "", ":memory:"}:
        raise ValueError(text)
    if driver == DRIVERS["postgresql"]:
        url = _with_driver_parameters(url)
    return url.set(drivername=driver)


def _with_driver_parameters(url: URL) -> URL:
    """What people write as `sslmode` is `ssl` to the driver."""
    query = dict(url.query)
    if not query.keys() <= set(QUERY):
        raise ValueError(query)
    mode = query.pop("sslmode", query.get("ssl"))
    if mode is None:
        return url
    if mode not in SSL_MODES:
        raise ValueError(mode)
    return url.set(query=query | {"ssl": mode})


def sqlite_url(path: Path) -> URL:
    """The URL of a file."""
    return URL.create(DRIVERS["sqlite"], database=str(path))


class ClosedDatabaseError(UnavailableError):
    """The process ends, so there is no use in another attempt."""


class Database:
    """Transactions of a database. Use `open_database()`."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._name = f"headwater {token_hex(8)}"
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._pooler = Pooler.NONE
        self._store: Sqlite | Postgresql = Sqlite(url) if self.is_sqlite else Postgresql(url, self._name)
        self._claim: Claim | None = None
        self.outage: str | None = None
        """Why the database is not available, as the end of a sentence; None while it is."""
        self._last_failure = 0.0
        self._is_closed = False
        self.taken_over = asyncio.Event()
        """Set for good once other servers have given this one up: it must end."""

    async def read(self, work: Callable[[Connection], T], *, single: bool = False, long: bool = False) -> T:
        """The result of `work`, which reads, and sees one state of the database.

        On SQLite it runs on a thread that reads. `single` says that it is one statement, which needs no
        transaction, and `long` that each may take long (see `connections.py`). Raises `UnavailableError`.
        """
        with self._noticing_outages():
            return await self._store.read(work, single=single, long=long)

    async def write(self, work: Callable[[Connection], T], *, first: bool = False, long: bool = False) -> T:
        """The result of `work` in a transaction, once it is committed; an exception rolls it back.

        On SQLite it runs on the thread that writes, and `first` lets it run before others that wait. `long`
        is as in `read`. Raises `UnavailableError`, also when other servers have given this one up.
        """

        def fenced(connection: Connection) -> T:
            if self._claim is not None:
                self._claim.fence(connection)
            return work(connection)

        with self._noticing_outages():
            result = await self._store.write(fenced, first=first, long=long)
        self._write_succeeded()
        return result

    async def execute(self, statement: TextClause, parameters: Mapping[str, Any]) -> Record:
        """The row of a statement of PostgreSQL that writes, a transaction by itself: one round trip.

        Its row has `held`, the number of rows that `FENCE` gave. Raises `UnavailableError`, also when other
        servers have given this one up.
        """
        with self._noticing_outages():
            row = await self._postgresql.execute(statement, {**parameters, "server": self.server})
            if not row["held"]:
                raise LockedError
        self._write_succeeded()
        return row

    async def fetch(self, statement: TextClause, parameters: Mapping[str, Any]) -> Sequence[Record]:
        """The rows of a statement of PostgreSQL that reads: `read`, at a third of its cost."""
        with self._noticing_outages():
            return await self._postgresql.fetch(statement, parameters)

    async def notify(self, payloads: Sequence[str]) -> None:
        """Send notifications to every server. Raises `UnavailableError`."""
        with self._noticing_outages():
            await self._postgresql.notify(payloads)

    @asynccontextmanager
    async def listening(self, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        """Call `heard` with notifications of PostgreSQL; the event is set once the connection is lost."""
        async with self._postgresql.listening(heard) as lost:
            yield lost

    @property
    def _postgresql(self) -> Postgresql:
        if not isinstance(self._store, Postgresql):
            raise TypeError("SQLite has no notifications, and no statement that writes to several tables")
        return self._store

    @property
    def is_server(self) -> bool:
        """Whether this process has a claim to the database; others only use it for a while."""
        return self._claim is not None

    @property
    def server(self) -> str:
        """The name of this server among those that work on the database; empty for a file."""
        return "" if self._claim is None else self._claim.name

    @property
    def other_servers(self) -> int:
        """How many other servers work on the database, as far as this one knows."""
        return 0 if self._claim is None else self._claim.others

    @property
    def keeps_sessions(self) -> bool:
        """Whether its connections can listen: no pooler gives each transaction another session."""
        return self._pooler is not Pooler.TRANSACTIONS

    @property
    def is_first(self) -> bool:
        """Whether this server does what one alone should do for all."""
        return self._claim is None or self._claim.is_first

    @property
    def is_ours(self) -> bool:
        """Whether no other server can have taken over what this one runs."""
        return self._claim is None or self._claim.is_sure

    async def wait_until_ours(self, timeout: float) -> bool:  # noqa: ASYNC109 - a deadline, not a cancellation
        """Wait up to `timeout` seconds; whether no other server can have taken over."""
        try:
            async with asyncio.timeout(timeout):
                while not self.is_ours:  # noqa: ASYNC110 - it changes with time, not by an event
                    await asyncio.sleep(BEAT)
        except TimeoutError:
            return False
        return True

    async def keep(self) -> None:
        """Keep the claim, and notice when an outage is over, until cancelled or until `taken_over` is set."""
        async with asyncio.TaskGroup() as tasks:
            probing = tasks.create_task(self._probe())
            await self._beat()
            probing.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                if self._claim is not None:
                    await self._claim.verify()
            except LockedError:
                self.taken_over.set()
                return
            except OUTAGES as error:
                self._outage_began(error, outage_reason(error) or "it fails")

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            if self.outage is not None and self.is_ours:
                with suppress(UnavailableError, SQLAlchemyError):  # the next one tries again
                    await self.write(_write_something)

    async def now(self) -> int:
        """Milliseconds since 1970, by a clock that all servers share. Raises `UnavailableError`."""
        if self.is_sqlite:
            return now()
        (row,) = await self.fetch(_NOW, {})
        return int(row["now"])

    def analyze(self, connection: Connection) -> None:
        """Refresh the statistics of PostgreSQL's planner after many rows were added.

        PostgreSQL does so by itself, but minutes later; until then a search may scan whole tables. SQLite
        needs no statistics: our statements fix the order of its joins.
        """
        if not self.is_sqlite:
            connection.execute(text("ANALYZE conversations, messages"))

    async def empty_log(self) -> None:
        """Move SQLite's write-ahead log into the file and empty it, unless a reader needs it."""
        if isinstance(self._store, Sqlite):
            with self._noticing_outages():
                await self._store.empty_log()

    async def find_pooler(self) -> None:
        """Adapt to a pooler, if PostgreSQL is behind one; before anything else."""
        if self.is_sqlite:
            return
        self._pooler = await find_pooler(self._url, self._name)
        if self._pooler is Pooler.NONE:
            return
        if not self.keeps_sessions:
            self._name = f"{POOLED} {token_hex(8)}"
        self._store = Postgresql(self._url, self._name, self._pooler)

    async def migrate(self) -> None:
        """Bring the schema to the newest version. Raises `DatabaseError`."""
        await self._with_schema(upgrade)

    async def require_schema(self) -> None:
        """Raise `DatabaseError` if this version cannot work on the schema as it is."""
        await self._with_schema(require)

    async def _with_schema(self, work: Callable[[Connection], None]) -> None:
        try:
            await self._store.migrate(work)
        except SchemaError as error:
            raise DatabaseError(str(error)) from None

    async def claim(self) -> None:
        """Claim the database for this server until `close`, and migrate it. Raises `LockedError`."""
        if self.is_sqlite:
            self._claim = await lock_file(f"{self._url.database}.lock")
        else:
            if not self.keeps_sessions:
                logger.warning(
                    "HEADWATER_DATABASE_URL leads to a pooler in transaction mode, which delivers no"
                    " notifications; what other servers do is seen %g s later",
                    COLLECT_EVERY,
                )
            self._claim = row = ServerRow(self._url, self._name, self._pooler)
            await row.replace_older_version()
        await self.migrate()
        await self._claim.join()
        with suppress(*OUTAGES):  # `keep` repeats it
            await self._claim.verify()

    async def close(self) -> None:
        """Close all connections, and give up the claim."""
        self._is_closed = True
        if self._claim is not None:
            await self._claim.release()
        await self._store.close()

    @contextmanager
    def _noticing_outages(self) -> Iterator[None]:
        if self._is_closed:
            raise ClosedDatabaseError("The database is closed.")
        try:
            if not self.is_ours:
                raise TimeoutError
            yield
        except LockedError as error:
            raise self._outage_began(error, "other servers have given this one up") from None
        except OUTAGES as error:
            if is_slow(error):
                statement = " ".join(str(getattr(error, "statement", "")).split())
                logger.warning("a statement took too long: %.200s", statement)
                raise unavailable("it is too slow") from None
            reason = outage_reason(error)
            if reason is None:
                raise
            raise self._outage_began(error, reason) from None

    def _outage_began(self, error: BaseException, reason: str) -> UnavailableError:
        if self.outage is None:
            cause = error.orig if isinstance(error, DBAPIError) else error
            detail = str(cause).partition("\n")[0]
            logger.error("the database is not available: %s%s", reason, detail and f" ({detail})")
        self.outage = reason
        self._last_failure = monotonic()
        return unavailable(reason)

    def _write_succeeded(self) -> None:
        if self.outage is not None and monotonic() - self._last_failure >= RECOVERY_TIME:
            logger.warning("the database is available again")
            self.outage = None


@asynccontextmanager
async def open_database(
    url: URL, *, to_serve: bool = False, as_it_is: bool = False
) -> AsyncIterator[Database]:
    """A database with the newest schema; closed on leaving. Raises `DatabaseError` when it cannot be used.

    `to_serve` is for servers. A file of SQLite has one at a time. `as_it_is` is for programs that run beside
    servers, perhaps of an older version: it changes no schema, and refuses one that is not of this version.
    """
    async with AsyncExitStack() as stack:
        try:
            database = Database(url)
            stack.push_async_callback(database.close)
            await database.find_pooler()
            if to_serve:
                await database.claim()
            elif as_it_is:
                await database.require_schema()
            else:
                await database.migrate()
        except LockedError:
            raise DatabaseError("another Headwater server works on this database") from None
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseError(f"{url.set(query={}).render_as_string()} cannot be used: {cause}") from error
        yield database


def unavailable(reason: str) -> UnavailableError:
    """The refusal of a request that needs the database; `reason` is the end of a sentence."""
    return UnavailableError(f"The database is not available: {reason}.", retry_after=RETRY_AFTER)


def _write_something(connection: Connection) -> None:
    connection.execute(text("UPDATE lock_holder SET holder = holder"))
