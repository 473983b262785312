"""How a supervisor treats its worker processes, which serve nothing here."""

import asyncio
import errno
import gc
import io
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from hypercorn.config import Sockets

from headwater.errors import UnavailableError
from headwater.metrics import Metrics
from headwater.server import supervisor, worker
from headwater.server.process import run
from headwater.server.shutdown import Shutdown
from headwater.server.supervisor import WorkersError, supervise
from headwater.server.worker import Worker
from headwater.server.worker_link import (
    Count,
    Counted,
    Ready,
    Scrape,
    Scraped,
    WorkerLink,
    link_to_supervisor,
    link_to_worker,
)
from headwater.server.worker_metrics import WorkerMetrics
from headwater.settings import Settings
from tests.running import free_port

Work = Callable[[WorkerLink], Awaitable[None]]

SETTINGS = {
    "HEADWATER_WORKERS": "2",
    "HEADWATER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "HEADWATER_DRAIN_TIMEOUT": "0",
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("COUNT_EVERY", "ANSWER_WITHIN", "LATE", "KILL_AFTER", "LONGEST_PAUSE"):
        monkeypatch.setattr(supervisor, name, 0.1)
    yield
    gc.unfreeze()


async def answer(link: WorkerLink) -> None:
    """Serve nothing, until the supervisor says more than that it counts."""
    link.send(Ready("ready"))
    async for command in link:
        if command != Count():
            return
        link.send(Counted(Metrics().exposition().decode()))


def supervised(
    monkeypatch: pytest.MonkeyPatch,
    work: Work,
    restarts: int,
    announce: Callable[[str], None] = lambda _: None,
) -> None:
    """Run workers, until so many more were started than at first."""
    started = 0

    async def be_a_worker(end: socket.socket, sockets: Sockets, settings: Settings) -> int:
        link = await link_to_supervisor(end)
        await work(link)
        await link.close()
        return 0

    def fork() -> int:
        nonlocal started
        started += 1
        if started == 2 + restarts:
            os.kill(os.getpid(), signal.SIGTERM)
        return real_fork()

    real_fork = os.fork
    monkeypatch.setattr(supervisor, "work", be_a_worker)
    monkeypatch.setattr(os, "fork", fork)
    settings = Settings.from_environment({**SETTINGS, "HEADWATER_PORT": str(free_port())})
    run(supervise(settings, announce), forks=True)
    assert started >= 2 + restarts


def test_a_worker_that_does_not_answer_is_killed_and_replaced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = socket.socketpair()

    async def stop_the_first(link: WorkerLink) -> None:
        """The first one that reads this stops as SIGSTOP would stop it."""
        first.setblocking(False)
        try:
            first.recv(1)
        except BlockingIOError:
            await answer(link)
        else:
            link.send(Ready("ready"))
            os.kill(os.getpid(), signal.SIGSTOP)

    with first, second:
        second.send(b"1")
        supervised(monkeypatch, stop_the_first, restarts=1)
    assert "it did not answer, so it was killed; it starts again in 0 s" in caplog.text


def test_a_worker_that_hangs_after_its_link_was_closed_is_killed_and_replaced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def close_and_hang(link: WorkerLink) -> None:
        link.send(Ready("ready"))
        await link.close()
        time.sleep(60)  # noqa: ASYNC251 - it hangs

    supervised(monkeypatch, close_and_hang, restarts=1)
    assert "it was ended by SIGKILL; it starts again in 0 s" in caplog.text


def test_a_worker_ends_though_the_disk_of_its_log_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def end_at_once(link: WorkerLink) -> None:
        link.send(Ready("ready"))

    monkeypatch.setattr(sys, "stderr", FullDisk())
    supervised(monkeypatch, end_at_once, restarts=2)


def test_workers_that_die_again_and_again_are_started_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though one of them dies before it answers: only starts that fail in a row are hopeless."""
    answers, deaths = os.pipe(), os.pipe()

    async def die(link: WorkerLink) -> None:
        if os.read(answers[0], 1) == b"y":
            link.send(Ready("ready"))
            os.read(deaths[0], 1)
        os.kill(os.getpid(), signal.SIGKILL)

    def announce(_: str) -> None:
        os.write(deaths[1], bytes(100))

    os.write(answers[1], b"yyyyyyyyyyyynnnn")
    supervised(monkeypatch, die, restarts=13, announce=announce)
    for each in (*answers, *deaths):
        os.close(each)


def test_processes_that_cannot_be_started_are_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    settings = Settings.from_environment({**SETTINGS, "HEADWATER_PORT": str(free_port())})
    with pytest.raises(WorkersError, match=r"^no process can be started: Resource temporarily unavailable$"):
        run(supervise(settings, lambda _: None), forks=True)


def test_one_count_answers_all_scrapes_that_wait_and_one_that_fails_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers, sums = os.pipe(), iter(range(10_000))

    async def scrape_often(link: WorkerLink) -> None:
        link.send(Ready("ready"))
        for _ in range(100):
            link.send(Scrape())
        counts = scraped = 0
        async for command in link:
            match command:
                case Count():
                    link.send(Counted(""))  # and before it, the supervisor has heard of all scrapes
                    counts += 1
                    if counts == 6:
                        os.write(answers[1], bytes([scraped]))
                        return
                case Scraped("sum"):
                    scraped += 1
                case _:
                    return

    def exposition(_: WorkerMetrics) -> str:
        if next(sums) == 0:
            raise ValueError("the first one fails")
        return "sum"

    monkeypatch.setattr(WorkerMetrics, "exposition", exposition)
    supervised(monkeypatch, scrape_often, restarts=1)
    assert set(os.read(answers[0], 100)) <= {0, 1, 2}
    assert caplog.text.count("could not be added up") == 1
    for each in answers:
        os.close(each)


async def test_scrapes_have_a_time_out_and_share_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, its = socket.socketpair()
    link, supervisors_end = await link_to_supervisor(ours), await link_to_worker(its)
    asking = Worker(link, Shutdown(0))
    obeying = asyncio.create_task(asking.obey())
    with monkeypatch.context() as patched:
        patched.setattr(worker, "SCRAPE_TIMEOUT", 0.01)
        with pytest.raises(UnavailableError):
            await asking._scrape()
    both = asyncio.gather(asking._scrape(), asking._scrape())
    await asyncio.sleep(0)
    supervisors_end.send(Scraped("sum"))
    assert [*await both] == [b"sum", b"sum"]
    await supervisors_end.close()
    await obeying
    await link.close()


async def test_who_asks_for_metrics_after_the_supervisor_is_gone_is_refused() -> None:
    ours, its = socket.socketpair()
    worker = Worker(await link_to_supervisor(ours), Shutdown(0))
    supervisors_end = await link_to_worker(its)
    waiting = asyncio.create_task(worker._scrape())
    await asyncio.sleep(0)
    await supervisors_end.close()
    await worker.obey()
    for scrape in (waiting, asyncio.create_task(worker._scrape())):
        with pytest.raises(UnavailableError):
            await scrape
