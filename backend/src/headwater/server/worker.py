"""A worker: one of several servers on the same ports, which its supervisor (supervisor.py) has started."""

import asyncio
import signal
import socket

from hypercorn.config import Sockets

from headwater.app import Application
from headwater.errors import UnavailableError
from headwater.server.process import CANNOT_START
from headwater.server.serve import serve_on
from headwater.server.shutdown import Shutdown
from headwater.server.worker_link import (
    CannotStart,
    Command,
    Count,
    Counted,
    Drain,
    Drained,
    Hurry,
    Ready,
    Scrape,
    Scraped,
    WillDrain,
    WorkerLink,
    link_to_supervisor,
)
from headwater.settings import Settings

SCRAPE_TIMEOUT = 5.0
"""Seconds that the metrics of all workers may take."""


class Worker:
    """What a worker does beside serving: it does what its supervisor says, and ends with it."""

    def __init__(self, link: WorkerLink, shutdown: Shutdown) -> None:
        self._link = link
        self._shutdown = shutdown
        self._application: Application | None = None
        self._scrapes: set[asyncio.Future[bytes]] = set()
        self._is_orphan = False

    def started(self, application: Application, greeting: str) -> None:
        """Say that it answers."""
        self._application = application
        application.metrics.scrape_by(self._scrape)
        self._link.send(Ready(greeting))

    def drained(self) -> None:
        """Say that no reply runs any more."""
        self._link.send(Drained())

    def count(self) -> None:
        """Say what is counted by now."""
        if self._application is not None:
            self._link.send(Counted(self._application.metrics.exposition().decode()))

    async def obey(self) -> None:
        """Do what the supervisor says, and stop once it is gone."""
        async for command in self._link:
            self._do(command)
        self._shutdown.at_once()
        self._is_orphan = True
        for scrape in self._scrapes:
            if not scrape.done():
                scrape.set_exception(_stopping())

    def _do(self, command: Command) -> None:
        match command:
            case WillDrain():
                if self._application is not None:
                    self._application.replies.will_drain = True
            case Drain(seconds, is_port_shared):
                if self._shutdown.begun.is_set():
                    asyncio.get_running_loop().call_later(seconds, self._shutdown.hurry.set)
                else:
                    self._shutdown.timeout = seconds
                    self._shutdown.is_port_shared = is_port_shared
                    self._shutdown.request()
            case Hurry():
                self._shutdown.at_once()
            case Count():
                self.count()
            case Scraped(metrics):
                for scrape in self._scrapes:
                    if not scrape.done():
                        scrape.set_result(metrics.encode())

    async def _scrape(self) -> bytes:
        if self._is_orphan:
            raise _stopping()
        scrape: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._scrapes.add(scrape)
        self._link.send(Scrape())
        try:
            async with asyncio.timeout(SCRAPE_TIMEOUT):
                return await scrape
        except TimeoutError:
            raise UnavailableError("The workers do not say what they have counted.", retry_after=5) from None
        finally:
            self._scrapes.remove(scrape)


def _stopping() -> UnavailableError:
    return UnavailableError("The server is about to stop.", retry_after=5)


async def work(link: socket.socket, sockets: Sockets, settings: Settings) -> int:
    """Serve until the supervisor, or a signal, asks it to stop; the exit status."""
    to_supervisor = await link_to_supervisor(link)
    try:
        shutdown = Shutdown(settings.drain_timeout)
        # A signal asks this worker alone to stop; another one takes its place.
        shutdown.is_port_shared = True
        shutdown.on_signals(signal.SIGTERM, signal.SIGINT)
        worker = Worker(to_supervisor, shutdown)
        obeying = asyncio.create_task(worker.obey())
        try:
            await serve_on(lambda: sockets, settings, shutdown, worker.started, worker.drained)
        finally:
            worker.count()
            obeying.cancel()
    except CANNOT_START as error:
        to_supervisor.send(CannotStart(str(error)))
        return 2
    finally:
        await to_supervisor.close()
    return 0
