"""The database: SQLite in the data folder, or PostgreSQL; opened, configured, and migrated."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from secrets import token_hex
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

import aiosqlite
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from headwater.errors import UnavailableError
from headwater.storage.lock import BEAT, CONNECT_TIMEOUT, DatabaseLock, LockedError, lock
from headwater.storage.outage import OUTAGES, outage_reason
from headwater.storage.tokenizer import indexed

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
"""The driver for each scheme that people write; a URL may also name one of these drivers itself."""

BUSY_TIMEOUT = 5.0
"""Seconds that SQLite waits for a writer in another process."""

END_TIMEOUT = 5.0
"""Seconds that the end of a transaction may take once its task is cancelled."""

THREAD_TIMEOUT = 1.0
"""Seconds that `close` waits for the thread of each connection."""

RETRY_AFTER = 5
"""Seconds after which clients may try again while the database is not available."""

RECOVERY_TIME = 3.0
"""Seconds without a failure after which an outage is over.

A small write still succeeds on a full disk, between larger ones that fail and are repeated sooner than this.
"""

T = TypeVar("T")


class DatabaseError(Exception):
    """The database cannot be used; the message says why in one line, without the password."""


def database_url(text: str) -> URL:
    """Parse a URL and name the driver.

    Raises `ValueError` for anything but PostgreSQL or a file of SQLite.
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
    return url.set(drivername=driver)


def sqlite_url(path: Path) -> URL:
    """The URL of a file."""
    return URL.create(DRIVERS["sqlite"], database=str(path))


class Database:
    """Connections and transactions. Use `open_database()`."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._arguments: dict[str, Any] = {
            "timeout": CONNECT_TIMEOUT,
            "server_settings": {"application_name": f"headwater {token_hex(8)}"},
        }
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._threads: set[Thread] = set()
        if self.is_sqlite:
            self._engine = create_async_engine(
                url, connect_args={"timeout": BUSY_TIMEOUT, "async_creator_fn": self._connect}
            )
            event.listen(self._engine.sync_engine, "connect", _set_up_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)
            self._readers = self._engine
        else:
            self._engine = create_async_engine(
                url, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=self._arguments
            )
            self._readers = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._writers = self._engine.execution_options(headwater_writes=True)
        self._one_writer = asyncio.Lock()
        self._lock: DatabaseLock | None = None
        self.outage: str | None = None
        """Why the database is not available, as the end of a sentence; None while it is."""
        self._last_failure = 0.0
        self.taken_over = asyncio.Event()
        """Set for good once another server holds the lock: this one must end."""

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A read-only transaction, which sees one state of the database.

        Raises `UnavailableError`.
        """
        async with self._noticing_outages(), _transaction(self._readers) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes; committed at the end, rolled back by an exception.

        Raises `UnavailableError`, also when another server holds the lock.
        """
        async with self._noticing_outages(), self._write_transaction() as connection:
            if self._lock is not None:
                await self._lock.fence(connection)
            yield connection
        self._write_succeeded()

    @property
    def is_ours(self) -> bool:
        """Whether no other server can have taken over the database."""
        return self._lock is None or self._lock.is_sure

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
        """Keep the lock, and notice when an outage is over, until cancelled or until `taken_over` is set."""
        while True:
            await asyncio.sleep(BEAT)
            try:
                if self._lock is not None:
                    await self._lock.verify()
            except LockedError:
                self.taken_over.set()
                return
            except OUTAGES as error:
                self._outage_began(error, outage_reason(error) or "it fails")
            else:
                if self.outage is not None:
                    with suppress(UnavailableError):
                        await self._write_something()

    async def analyze(self, connection: AsyncConnection) -> None:
        """Refresh the statistics of PostgreSQL's planner after many rows were added.

        PostgreSQL does so by itself, but minutes later; until then a search may scan whole tables. SQLite
        needs no statistics: our statements fix the order of its joins.
        """
        if not self.is_sqlite:
            await connection.execute(text("ANALYZE conversations, messages"))

    async def checkpoint(self) -> None:
        """Move SQLite's write-ahead log into the file and empty it, unless a reader needs it."""
        async with self._noticing_outages(), self._one_writer, self._engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()

    async def migrate(self) -> None:
        """Bring the schema to the newest version. Raises `DatabaseError`."""
        try:
            async with self._write_transaction() as connection:
                await connection.run_sync(_upgrade)
        except CommandError as error:
            raise DatabaseError(f"the database is of another version of Headwater: {error}") from error

    async def lock(self) -> None:
        """Lock the database for this server until `close`, and migrate it. Raises `LockedError`."""
        self._lock = await lock(self._url, self._arguments)
        await self.migrate()
        await self._lock.claim()  # nothing new, unless the schema was of an older version

    async def close(self) -> None:
        """Close all connections, and let another server have the lock."""
        if self._lock is not None:
            await self._lock.release()
        await self._engine.dispose()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, THREAD_TIMEOUT)

    @asynccontextmanager
    async def _write_transaction(self) -> AsyncIterator[AsyncConnection]:
        # SQLite has one writer at a time, and no fair queue for the others.
        turn = self._one_writer if self.is_sqlite else nullcontext()
        async with turn, _transaction(self._writers) as connection:
            yield connection

    @asynccontextmanager
    async def _noticing_outages(self) -> AsyncIterator[None]:
        try:
            if not self.is_ours:
                raise TimeoutError
            yield
        except LockedError as error:
            raise self._outage_began(error, "another server has taken it over") from None
        except OUTAGES as error:
            reason = outage_reason(error)
            if reason is None:
                raise
            raise self._outage_began(error, reason) from None

    def _outage_began(self, error: BaseException, reason: str) -> UnavailableError:
        if self.outage is None:
            cause = error.orig if isinstance(error, DBAPIError) else error
            logger.error("the database is not available: %s (%s)", reason, str(cause).partition("\n")[0])
        self.outage = reason
        self._last_failure = monotonic()
        return unavailable(reason)

    def _write_succeeded(self) -> None:
        if self.outage is not None and monotonic() - self._last_failure >= RECOVERY_TIME:
            logger.warning("the database is available again")
            self.outage = None

    async def _write_something(self) -> None:
        async with self.writing() as connection:
            await connection.execute(text("UPDATE lock_holder SET holder = holder"))

    def _connect(self, *args: Any, **options: Any) -> aiosqlite.Connection:  # noqa: ANN401 - the driver's own
        # A connection that is dropped, for instance when a task is cancelled while it connects, only asks its
        # thread to end. `close` has to join that thread, or it would outlive the event loop.
        connection = aiosqlite.connect(*args, **options)
        thread = connection._thread  # noqa: SLF001 - nothing public names it
        thread.daemon = True
        self._threads = {each for each in self._threads if each.is_alive()} | {thread}
        return connection


@asynccontextmanager
async def open_database(url: URL, *, alone: bool = False) -> AsyncIterator[Database]:
    """A database with the newest schema; closed on leaving. Raises `DatabaseError` when it cannot be used.

    `alone` locks it against every other server that opens it `alone`.
    """
    database = Database(url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        try:
            if alone:
                await database.lock()
            else:
                await database.migrate()
        except LockedError:
            raise DatabaseError("another Headwater server works on this database") from None
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseError(f"{url.set(query={}).render_as_string()} cannot be used: {cause}") from error
        yield database


@asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction, whose end is waited for even if the caller is cancelled meanwhile.

    A database that is silent then gets `END_TIMEOUT` for it.
    """
    connection = await engine.connect()
    try:
        await connection.begin()
        yield connection
        await uncancelled(connection.commit(), END_TIMEOUT)
    finally:
        await uncancelled(connection.close(), END_TIMEOUT)  # rolls back what is not committed


async def uncancelled(work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
    """Finish some work even if the caller is cancelled meanwhile, which then takes effect.

    The work gets at most `seconds` from then on. A connection of SQLite that is cancelled within a
    transaction may keep its lock for a while.
    """
    task = asyncio.ensure_future(work)
    give_up: asyncio.TimerHandle | None = None
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
            if give_up is None and seconds is not None:
                give_up = asyncio.get_running_loop().call_later(seconds, task.cancel)
    if give_up is not None:
        give_up.cancel()
    if cancelled is None:
        return task.result()
    if not task.cancelled() and (failure := task.exception()) is not None:
        raise cancelled from failure
    raise cancelled


def unavailable(reason: str) -> UnavailableError:
    """The refusal of a request that needs the database; `reason` is the end of a sentence."""
    return UnavailableError(f"The database is not available: {reason}.", retry_after=RETRY_AFTER)


def migrations(connection: Connection) -> Config:
    """Alembic's configuration for a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(migrations(connection), "head")


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
    connection.isolation_level = None  # _begin_sqlite begins the transactions
    connection.create_function("headwater_words", 1, indexed, deterministic=True)  # the triggers call it
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not block each other
    cursor.execute("PRAGMA synchronous = NORMAL")  # consistent after a crash of the process or of the machine
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA trusted_schema = ON")  # triggers may call our own function
    cursor.execute("PRAGMA secure_delete = ON")  # overwrites what is deleted
    cursor.execute("PRAGMA cache_size = -32768")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.execute("PRAGMA journal_size_limit = 67108864")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes fails if another one writes; so writers begin as such.
    writes = connection.get_execution_options().get("headwater_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
