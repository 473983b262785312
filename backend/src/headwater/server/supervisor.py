"""Several workers on the same ports, and the process that keeps them.

The supervisor listens and never accepts. It forks its workers, which inherit the sockets, so a port stays
open while a worker starts again, and what waits in its queue is lost with no worker. Each worker is a server
by itself, on the database that all share. Both ends of a link (worker_link.py) notice at once when the other
one is gone: a worker that dies is replaced, and workers whose supervisor died stop.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from hypercorn.config import Sockets

from headwater.server.process import log_to_standard_error, run
from headwater.server.serve import listen_on
from headwater.server.shutdown import Shutdown, first_of
from headwater.server.worker import work
from headwater.server.worker_link import (
    CannotStart,
    Count,
    Counted,
    Drain,
    Drained,
    Hurry,
    Ready,
    Report,
    Scrape,
    Scraped,
    SupervisorLink,
    WillDrain,
    link_to_worker,
)
from headwater.server.worker_metrics import WorkerMetrics
from headwater.settings import Settings

logger = logging.getLogger(__name__)

STEADY = 60.0
"""Seconds after which a worker is steady: if it dies later, another one takes its place at once."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a worker that is not steady starts again. They double with each time."""

ATTEMPTS = 5
"""Starts that may fail in a row while no other worker answers."""

COUNT_EVERY = 2.0
"""Seconds between two looks at what workers have counted. A worker takes with it what it counts later."""

ANSWER_WITHIN = 1.0
"""Seconds in which a worker says what it has counted. For a slower one, its last answer counts."""

LATE = 5.0
"""Seconds that a worker may take longer to drain than it got, before the next one is asked."""

KILL_AFTER = 15.0
"""Seconds after which a worker that should have ended is killed."""

SILENT_LOOKS = 10
"""Looks in a row (some 30 s) without an answer after which a worker is killed. By then, other servers have
closed its replies (`storage.servers.LEASE`), and only its clients do not know. A supervisor that was paused
itself has looked at nobody meanwhile."""


class WorkersError(Exception):
    """No worker can serve; the message says why in one line."""


async def supervise(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve with several workers until SIGTERM or SIGINT; a second one skips the wait for running replies.

    Calls `announce` with a line for people once all workers answer. Raises `SettingsError` or `WorkersError`
    if they cannot.
    """
    await _Supervisor(settings, announce).run()


class _Worker:
    """A worker's process, as the supervisor sees it."""

    def __init__(self, end: socket.socket, link: SupervisorLink) -> None:
        self.end, self.link = end, link
        self.pid = 0
        self.started_at = time.monotonic()
        self.is_ready = False
        self.reason = ""
        self.status = 0
        self.silent_looks = 0
        self.exited, self.drained, self.counted = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def reap(self) -> None:
        """Note its exit status if it has ended."""
        pid, status = (0, 0) if self.exited.is_set() else os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
            self.has_exited()

    def has_exited(self) -> None:
        """Let nobody wait for it any more."""
        for event in (self.exited, self.drained, self.counted):
            event.set()

    async def see_off(self) -> None:
        """Wait until it has ended, now that its link is closed; kill it if it does not."""
        await _all_set([self.exited], KILL_AFTER)
        self.kill()
        await self.exited.wait()

    def kill(self) -> None:
        """End it at once."""
        if not self.exited.is_set():
            os.kill(self.pid, signal.SIGKILL)

    @property
    def end_reason(self) -> str:
        """How, or why, it has ended."""
        if self.reason:
            return self.reason
        if self.status < 0:
            return f"it was ended by {signal.Signals(-self.status).name}"
        return f"it ended with status {self.status}"


class _Supervisor:
    """Keeps workers, which have the numbers from 1 on."""

    def __init__(self, settings: Settings, announce: Callable[[str], None]) -> None:
        self._settings = settings
        self._announce = announce
        self._sockets = listen_on(settings)
        self._shutdown = Shutdown(settings.drain_timeout)
        self._workers: dict[int, _Worker] = {}
        self._first_answers = asyncio.Event()
        self._all_answered = False
        self._failure = ""
        self._metrics = WorkerMetrics()
        self._counting, self._starting = asyncio.Lock(), asyncio.Lock()
        self._scraping: set[_Worker] = set()

    async def run(self) -> None:
        """See `supervise`."""
        self._shutdown.on_signals(signal.SIGTERM, signal.SIGINT)
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)
        gc.collect()
        gc.freeze()  # so that the garbage collectors of workers leave their common memory alone
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            numbers = range(1, self._settings.workers + 1)
            keeping = [tasks.create_task(self._keep(number)) for number in numbers]
            counting = tasks.create_task(self._count_regularly())
            await self._shutdown.begun.wait()
            await self._stop()
            await self._end(keeping)
            counting.cancel()
        if self._failure:
            raise WorkersError(self._failure)

    async def _keep(self, number: int) -> None:
        """Start a worker, and another one in its place whenever it has ended."""
        # The first one prepares what all share: the data folder and the tables.
        if number > 1:
            await first_of(self._first_answers.wait(), self._shutdown.begun.wait())
        deaths = failed_starts = 0
        while not self._shutdown.begun.is_set():
            worker = await self._start(number)
            if worker is None:
                return
            try:
                async for report in worker.link:
                    self._hear(number, worker, report)
            finally:
                await worker.link.close()
                await worker.see_off()
                del self._workers[number]
                self._metrics.end(number)
            if self._shutdown.begun.is_set():
                if worker.status and not worker.reason:
                    logger.warning("worker %d: %s", number, worker.end_reason)
                return
            deaths = 1 if time.monotonic() - worker.started_at >= STEADY else deaths + 1
            failed_starts = 0 if worker.is_ready else failed_starts + 1
            if failed_starts and self._is_hopeless(failed_starts):
                self._failure = worker.reason or f"worker {number} did not start: {worker.end_reason}"
                self._shutdown.at_once()
                return
            pause = min(FIRST_PAUSE * 2.0 ** (deaths - 2), LONGEST_PAUSE) if deaths > 1 else 0.0
            logger.warning("worker %d: %s; it starts again in %g s", number, worker.end_reason, pause)
            await first_of(asyncio.sleep(pause), self._shutdown.begun.wait())

    async def _start(self, number: int) -> _Worker | None:
        """Start a worker, unless the server is about to stop; `is_ready` says when it answers."""
        async with self._starting:  # a worker knows which sockets of others it must close
            ours, its = socket.socketpair()
            worker = _Worker(ours, await link_to_worker(ours))
            forked = asyncio.get_running_loop().create_future()
            # In a callback, because the new process could not leave the task that it is born in.
            asyncio.get_running_loop().call_soon(lambda: forked.set_result(self._fork(number, worker, its)))
            if await forked:
                return worker
            await worker.link.close()
            return None

    def _fork(self, number: int, worker: _Worker, its: socket.socket) -> bool:
        with its, _signals_blocked():
            if self._shutdown.begun.is_set():
                return False
            self._workers[number] = worker
            try:
                worker.pid = os.fork()
            except OSError as error:
                worker.reason = f"no process can be started: {error.strerror}"
                worker.has_exited()
                return True
            if worker.pid == 0:
                for known in self._workers.values():
                    known.end.close()
                _run_worker(number, its, self._sockets, self._settings)
        return True

    def _reap(self) -> None:
        for worker in self._workers.values():
            worker.reap()

    def _is_hopeless(self, failed_starts: int) -> bool:
        return not self._all_answered or (failed_starts >= ATTEMPTS and not self._ready())

    def _ready(self) -> dict[int, _Worker]:
        return {number: worker for number, worker in self._workers.items() if worker.is_ready}

    def _hear(self, number: int, worker: _Worker, report: Report) -> None:
        match report:
            case Ready(greeting):
                worker.is_ready = True
                self._first_answers.set()
                if (
                    not (self._all_answered or self._shutdown.begun.is_set())
                    and len(self._ready()) == self._settings.workers
                ):
                    self._all_answered = True
                    self._announce(greeting)
            case CannotStart(reason):
                worker.reason = reason
            case Drained():
                worker.drained.set()
            case Counted(metrics):
                self._metrics.count(number, metrics)
                worker.counted.set()
                worker.silent_looks = 0
            case Scrape():
                if not self._scraping:
                    self._tasks.create_task(self._count())
                self._scraping.add(worker)

    async def _count_regularly(self) -> None:
        while True:
            await asyncio.sleep(COUNT_EVERY)
            for worker in self._ready().values():
                worker.silent_looks += 1
                if worker.silent_looks > SILENT_LOOKS:
                    worker.reason = "it did not answer, so it was killed"
                    worker.kill()
            await self._count()

    async def _count(self) -> None:
        """Ask all workers what they have counted by now, and answer those that have waited for it."""
        async with self._counting:
            scraping, self._scraping = self._scraping, set()
            asked = list(self._ready().values())
            for worker in asked:
                worker.counted.clear()
                worker.link.send(Count())
            await _all_set((worker.counted for worker in asked), ANSWER_WITHIN)
            if scraping:
                try:
                    scraped = Scraped(self._metrics.exposition())
                except Exception:
                    logger.exception("what the workers have counted could not be added up")
                    return
                for worker in scraping:
                    worker.link.send(scraped)

    async def _stop(self) -> None:
        """Drain one worker after the other, within the time that replies get."""
        for sock in (*self._sockets.insecure_sockets, *self._sockets.secure_sockets):
            sock.close()
        give_up = time.monotonic() + self._shutdown.timeout
        for worker in self._workers.values():
            worker.link.send(WillDrain() if worker.is_ready else Hurry())
        workers = sorted(self._ready().values(), key=lambda worker: worker.silent_looks > 1)
        while workers and not self._shutdown.hurry.is_set():
            seconds = max(0.0, give_up - time.monotonic()) / len(workers)
            worker = workers.pop(0)
            worker.link.send(Drain(seconds, is_port_shared=bool(workers)))
            await first_of(_all_set([worker.drained], seconds + LATE), self._shutdown.hurry.wait())

    async def _end(self, keeping: Collection["asyncio.Task[None]"]) -> None:
        """Wait until all workers have ended."""
        if self._shutdown.hurry.is_set():
            for worker in self._workers.values():
                worker.link.send(Hurry())
        await asyncio.wait(keeping, timeout=KILL_AFTER)
        for number, worker in self._workers.items():
            logger.warning("worker %d does not stop, so it is killed", number)
            worker.kill()
        await asyncio.wait(keeping)


async def _all_set(events: Iterable[asyncio.Event], seconds: float) -> None:
    """Wait until all of them are set, but no longer than `seconds`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for event in events:
                await event.wait()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Let signals wait. Until a new process has handlers, they would reach the loop of the old one."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_worker(number: int, link: socket.socket, sockets: Sockets, settings: Settings) -> NoReturn:
    """Be a worker, in the process that has just been forked, until the end of that process."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.setpgid(0, 0)  # Ctrl-C is for the supervisor, which passes it on
        log_to_standard_error(f"worker {number}")
        status = run(work(link, sockets, settings))
    except BaseException:
        logger.exception("this worker has failed")
    finally:
        try:
            sys.stderr.flush()
        finally:
            os._exit(status)  # even if the log's disk is full
