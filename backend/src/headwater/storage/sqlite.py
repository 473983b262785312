"""A file of SQLite: one thread writes, many transactions in a commit, and a few threads read."""

import asyncio
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import ClauseElement, Connection, SingletonThreadPool, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from headwater.storage.outage import LostFileError
from headwater.storage.tokenizer import indexed
from headwater.storage.uncancelled import END_TIMEOUT, uncancelled

READERS = 8
"""Threads that read."""

BATCH_TIME = 0.025
"""Seconds after which a batch takes no further transaction, so that none waits long for those after it."""

BUSY_TIMEOUT = 5.0
"""Seconds that SQLite waits for a writer in another process."""

LOG_TIMEOUT = 0.05
"""Seconds that emptying the write-ahead log may wait for readers at a time, while writers wait for it."""

INTERRUPT_CHECK = 1_000_000
"""Instructions of SQLite's virtual machine (some 20 ms) after which a query looks whether it must end."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Write:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        """Keep the result or the error. Raises the error."""
        try:
            self.result = self.work(connection)
        except BaseException as error:
            self.error = error
            raise

    def settle(self) -> None:
        """Tell the caller, unless it has given up."""
        if self.done.done():
            return
        if self.error is None:
            self.done.set_result(self.result)
        else:
            self.done.set_exception(self.error)


@dataclass(slots=True)
class _Reading:
    """A read; `is_wanted` until nobody waits for it any more."""

    is_wanted: bool = True


class Sqlite:
    """Transactions in a file of SQLite."""

    def __init__(self, url: URL) -> None:
        # Each thread has a connection of its own.
        self.engine = create_engine(
            url, connect_args={"timeout": BUSY_TIMEOUT}, poolclass=SingletonThreadPool, pool_size=READERS + 2
        )
        event.listen(self.engine, "do_connect", lambda *_: self._check_file())  # it would create a new one
        event.listen(self.engine, "connect", self._set_up)
        self._readers = ThreadPoolExecutor(READERS, "sqlite-reader")
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._waiting: deque[_Write] = deque()
        self._is_called = False
        """Whether the writer will look at `_waiting` again."""
        self._is_closing = False
        self._current = threading.local()
        self._file: tuple[Path, os.stat_result] | None = None
        """The file that the first connection opened, which all others share."""

    async def read(self, work: Callable[[Connection], T], *, single: bool = False, long: bool = False) -> T:  # noqa: ARG002
        """The result of `work`, which sees one state; without a transaction if it is a `single` statement.

        If the caller is cancelled, its query is interrupted.
        """
        reading = _Reading()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._readers, self._read, work, reading, single
            )
        finally:
            reading.is_wanted = False  # its query ends soon, if it has not ended

    async def write(self, work: Callable[[Connection], T], *, first: bool = False, long: bool = False) -> T:  # noqa: ARG002
        """The result of `work`, once it is committed, together with what else waits.

        One that fails fails alone, and those before it run a second time. If the commit fails, all of them
        fail. `first` goes before those that wait. It is finished even if the caller is cancelled.
        """
        write = _Write(work, asyncio.get_running_loop().create_future())
        if first:
            self._waiting.appendleft(write)
        else:
            self._waiting.append(write)
        if not self._is_called:
            self._is_called = True
            self._writer.submit(self._write_all)
        result: T = await uncancelled(write.done, END_TIMEOUT)
        return result

    async def migrate(self, work: Callable[[Connection], None]) -> None:
        """Do `work` in a transaction."""
        await self.write(work)

    async def empty_log(self) -> None:
        """Move the write-ahead log into the file and empty it, unless readers need it for too long."""
        loop, give_up = asyncio.get_running_loop(), monotonic() + BUSY_TIMEOUT
        # Most of it while others write.
        await loop.run_in_executor(self._readers, self._checkpoint, "PASSIVE")
        while not await loop.run_in_executor(self._writer, self._checkpoint, "TRUNCATE"):
            if monotonic() > give_up:
                return
            await asyncio.sleep(LOG_TIMEOUT)

    async def close(self) -> None:
        """Finish what waits to be written, interrupt readers, and close all connections."""
        await asyncio.to_thread(self._close)

    def _read(self, work: Callable[[Connection], T], reading: "_Reading", single: bool) -> T:
        self._current.reading = reading
        try:
            with self.engine.begin() as connection:
                if not single:
                    execute(connection, "BEGIN")
                return work(connection)
        finally:
            self._current.reading = None

    def _must_end(self) -> bool:
        """Whether the query that runs on this thread must end."""
        reading: _Reading | None = getattr(self._current, "reading", None)
        return self._is_closing or (reading is not None and not reading.is_wanted)

    def _write_all(self) -> None:
        self._is_called = False  # before looking: whoever comes later calls again
        while self._waiting:
            batch = self._write_batch()
            batch[0].done.get_loop().call_soon_threadsafe(_settle, batch)

    def _write_batch(self) -> list[_Write]:
        """Write what waits in one transaction; returns those that are done, with their results or errors."""
        batch: list[_Write] = []
        try:
            with self._committing() as connection:
                until = monotonic() + BATCH_TIME
                while self._waiting and (not batch or monotonic() < until):
                    batch.append(self._waiting.popleft())
                    batch[-1].run(connection)
        except BaseException as error:  # noqa: BLE001 - raised where they are awaited
            if batch and batch[-1].error is not None:
                self._write_again(batch[:-1])
            else:
                batch = batch or self._take_all()
                for write in batch:
                    write.error = error
        return batch

    def _write_again(self, batch: list[_Write]) -> None:
        """Write those that were undone because the one after them failed."""
        try:
            with self._committing() as connection:
                for write in batch:
                    write.run(connection)
        except BaseException as error:  # noqa: BLE001 - raised where they are awaited
            for write in batch:
                write.error = error

    @contextmanager
    def _committing(self) -> Iterator[Connection]:
        """A transaction that is committed only into the file that the path leads to."""
        with self.engine.begin() as connection:
            # A transaction that reads first and then writes fails if another one writes.
            execute(connection, "BEGIN IMMEDIATE")
            yield connection
            self._check_file()

    def _check_file(self) -> None:
        """Raise `LostFileError` if the file was deleted or replaced: nobody would find what is written."""
        if self._file is None:
            return
        path, opened = self._file
        try:
            is_ours = os.path.samestat(path.stat(), opened)
        except OSError:
            raise LostFileError("its file is gone", str(path)) from None
        if not is_ours:
            raise LostFileError("its file was replaced by another one", str(path))

    def _take_all(self) -> list[_Write]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def _checkpoint(self, mode: str) -> bool:
        """Move the write-ahead log into the file; whether no reader was in the way for `LOG_TIMEOUT`."""
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA busy_timeout = {LOG_TIMEOUT * 1000:.0f}")
            try:
                busy, _, _ = driver.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}")
        return not busy

    def _close(self) -> None:
        self._writer.shutdown()
        self._is_closing = True
        self._readers.shutdown(cancel_futures=True)
        self.engine.dispose()

    def _set_up(self, connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None  # we begin the transactions
        connection.create_function("headwater_words", 1, indexed, deterministic=True)  # the triggers call it
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not block each other
        if self._file is None:
            path = Path(cursor.execute("PRAGMA database_list").fetchone()[2])
            self._file = path, path.stat()
        self._check_file()
        cursor.execute("PRAGMA synchronous = NORMAL")  # consistent after a crash, also of the machine
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA trusted_schema = ON")  # triggers may call our own function
        cursor.execute("PRAGMA secure_delete = ON")  # overwrites what is deleted
        cursor.execute("PRAGMA cache_size = -32768")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute("PRAGMA journal_size_limit = 67108864")
        cursor.close()
        connection.set_progress_handler(self._must_end, INTERRUPT_CHECK)


def compiled(statement: ClauseElement, columns: Iterable[str] | None = None) -> str:
    """A statement as text, for `execute`; an INSERT sets these columns."""
    keys = None if columns is None else list(columns)
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="named"), column_keys=keys))


def execute(
    connection: Connection, statement: str, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] = {}
) -> sqlite3.Cursor:
    """Execute a statement of every reply in the driver, because SQLAlchemy costs several times what it does.

    A sequence of parameters executes it for each of them. Values are as the driver takes them. Raises
    `DBAPIError`.
    """
    driver: Any = connection.connection.driver_connection
    run = driver.execute if isinstance(parameters, Mapping) else driver.executemany
    try:
        cursor: sqlite3.Cursor = run(statement, parameters)
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error) from error
    return cursor


def _settle(batch: Sequence[_Write]) -> None:
    for write in batch:
        write.settle()
