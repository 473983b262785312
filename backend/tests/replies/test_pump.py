"""The pump, which has to deliver what `follow()` yields; and what only it does."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import Cursor, Log, Page
from headwater.generation.outcome import Completed, Outcome
from headwater.live.memory import MemoryLog
from headwater.replies.pump import BEHIND_AT_ONCE, WIDEST, Pump
from tests.building import Client, OurLease
from tests.generation.follow_contract import FollowContract, words

DONE = Outcome(Completed("stop"))


class Taking:
    """A sink whose client takes page by page."""

    def __init__(self) -> None:
        self.pages: asyncio.Queue[Page] = asyncio.Queue()

    def backlog(self) -> int:
        return self.pages.qsize()

    def write(self, data: Page) -> None:
        self.pages.put_nowait(data)

    def flush(self) -> None:
        pass

    def cut(self) -> None:
        raise AssertionError("its client takes what it gets")


def encode(page: Page) -> Page:
    return page


def new_pump(
    *, window: float = 0.025, heartbeat: float = 3600, lease: OurLease | None = None, patience: float = 60
) -> Pump:
    return Pump(
        window=window,
        heartbeat=heartbeat,
        lease=lease or OurLease(),
        page_sent=lambda _: None,
        patience=patience,
    )


@contextmanager
def delivering(pump: Pump, log: Log, client: Client, after: Cursor = 0) -> Iterator["asyncio.Task[None]"]:
    task = asyncio.create_task(pump.deliver(log, after, encode, client))
    try:
        yield task
    finally:
        task.cancel()


async def until(client: Client, pages: int) -> None:
    async with asyncio.timeout(5):
        while client.flushed < pages:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)


class TestPump(FollowContract):
    async def follow(
        self, log: Log, after: Cursor = 0, *, window: float = 0.025, idle: float | None = None
    ) -> AsyncGenerator[Page, None]:
        sink = Taking()
        delivery = asyncio.create_task(
            new_pump(window=window, heartbeat=idle or 3600).deliver(log, after, encode, sink)
        )
        try:
            while not (delivery.done() and sink.pages.empty()):
                taking = asyncio.ensure_future(sink.pages.get())
                try:
                    await asyncio.wait([taking, delivery], return_when=asyncio.FIRST_COMPLETED)
                    if taking.done():
                        yield taking.result()
                finally:
                    taking.cancel()
            await delivery
        finally:
            delivery.cancel()

    async def collect(self, log: Log, after: Cursor = 0, *, window: float = 0.0) -> list[Page]:
        client = Client()
        await new_pump(window=window).deliver(log, after, encode, client)
        return client.pages


async def test_the_first_events_are_written_as_they_are_appended() -> None:
    log, client = MemoryLog(), Client()
    with delivering(new_pump(window=3600), log, client):
        await asyncio.sleep(0)
        log.append(0, words(1))
        assert client.text == " 0"


async def test_a_client_that_takes_nothing_gets_the_rest_in_one_page_and_holds_up_nobody() -> None:
    pump, log = new_pump(window=0.001), MemoryLog()
    slow, fast = Client(), Client()
    with delivering(pump, log, slow), delivering(pump, log, fast):
        await asyncio.sleep(0)
        log.append(0, words(1))
        slow.stalled = True
        for at in range(1, 20):
            log.append(at, [Text("a")])
            await until(fast, at + 1)
        assert len(slow.pages) == 1
        slow.stalled = False
        await until(slow, 2)
        assert [len(page.events) for page in slow.pages] == [1, 19]


async def test_a_client_that_takes_nothing_for_long_is_cut() -> None:
    pump, log, client = new_pump(window=0.001, patience=0.02), MemoryLog(), Client(stalled=True)
    with delivering(pump, log, client):
        await asyncio.sleep(0)
        log.append(0, words(1))
        async with asyncio.timeout(5):
            while not client.is_cut:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)


async def test_a_stalled_client_is_cut_though_its_model_is_silent() -> None:
    pump, log, client = new_pump(window=0.001, heartbeat=0.01, patience=0.02), MemoryLog(), Client()
    with delivering(pump, log, client):
        await asyncio.sleep(0)
        log.append(0, words(1))
        client.stalled = True
        async with asyncio.timeout(5):
            while not client.is_cut:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)


async def test_while_the_lease_is_in_doubt_there_are_only_heartbeats() -> None:
    lease, log, client = OurLease(), MemoryLog(), Client()
    lease.is_ours = False
    with delivering(new_pump(window=0.001, heartbeat=0.01, lease=lease), log, client) as delivery:
        await asyncio.sleep(0)
        log.append(0, words(3))
        log.close(3, DONE)
        await until(client, 2)
        assert {(page.events, page.outcome) for page in client.pages} == {((), None)}
        lease.is_ours = True
        async with asyncio.timeout(5):
            await delivery
        assert client.text == " 0 1 2"


async def test_an_encoder_that_fails_fails_its_own_reader_alone() -> None:
    def broken(page: Page) -> Page:
        raise ValueError("cannot encode")

    pump, log, client = new_pump(window=0.001), MemoryLog(), Client()
    with delivering(pump, log, client) as delivery:
        failing = asyncio.create_task(pump.deliver(log, 0, broken, Client()))
        await asyncio.sleep(0)
        log.append(0, words(1))
        log.close(1, DONE)
        with pytest.raises(ValueError, match="cannot encode"):
            await failing
        async with asyncio.timeout(5):
            await delivery
        assert client.text == " 0"


async def test_the_window_widens_while_the_loop_is_late_and_narrows_again() -> None:
    pump = new_pump(window=0.01)
    pump._adapt(10.0)
    assert pump.window == 0.01 * 1.1
    for _ in range(200):
        pump._adapt(0.0)
    assert pump.window == 0.01
    for _ in range(200):
        pump._adapt(0.05)
    assert pump.window == WIDEST
    for _ in range(200):
        pump._adapt(0.0)
    assert pump.window == 0.01


@pytest.mark.parametrize("window", [0.0, 0.2])
async def test_a_window_that_is_none_or_wide_already_stays(window: float) -> None:
    pump = new_pump(window=window)
    for _ in range(200):
        pump._adapt(1.0)
    assert pump.window == window


class Breaking(Client):
    """A sink that raises in one of its methods, once its client has got something."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.method = method

    def _break(self, method: str) -> None:
        if method == self.method and self.flushed:
            raise OSError(f"{method} fails")

    def backlog(self) -> int:
        self._break("backlog")
        return super().backlog()

    def write(self, data: Page) -> None:
        self._break("write")
        super().write(data)

    def flush(self) -> None:
        self._break("flush")
        super().flush()


@pytest.mark.parametrize("method", ["backlog", "write", "flush"])
@pytest.mark.parametrize("is_heartbeat", [False, True])
async def test_a_sink_that_fails_fails_its_own_reader_alone(method: str, is_heartbeat: bool) -> None:
    pump, log = new_pump(window=0.001, heartbeat=0.01 if is_heartbeat else 3600), MemoryLog()
    before, breaking, behind = Client(), Breaking(method), Client()
    with (
        delivering(pump, log, before) as first,
        delivering(pump, log, breaking) as failing,
        delivering(pump, log, behind) as last,
    ):
        await asyncio.sleep(0)
        log.append(0, words(1))
        if is_heartbeat:
            await until(before, 3)
            await until(behind, 3)
        else:
            log.append(1, words(1))
        with pytest.raises(OSError, match=f"{method} fails"):
            await failing
        end = log.append(len(log.read(0).events), words(1))
        log.close(end, DONE)
        async with asyncio.timeout(5):
            await asyncio.gather(first, last)
        assert before.text == behind.text == text_of(log.read(0).events)


class Shared(Client):
    """A sink of a connection that takes what is written in a tick, and more only when it is flushed out."""

    def __init__(self, connection: list[Page]) -> None:
        super().__init__()
        self.connection = connection

    def backlog(self) -> int:
        return len(self.connection)

    def write(self, data: Page) -> None:
        self.connection.append(data)
        super().write(data)


async def test_readers_of_one_connection_are_served_together() -> None:
    pump, connection = new_pump(window=0.001), list[Page]()
    logs = [MemoryLog() for _ in range(5)]
    clients = [Shared(connection) for _ in logs]
    with ExitStack() as stack:
        for log, client in zip(logs, clients, strict=True):
            stack.enter_context(delivering(pump, log, client))
        await asyncio.sleep(0)
        for log in logs:
            log.append(0, words(1))
            connection.clear()
        for log in logs:
            log.append(1, [Text("more")])
        for client in clients:
            await until(client, 2)
        assert len(connection) == len(clients)


async def test_late_readers_take_turns_with_everything_else() -> None:
    pump, log = new_pump(), MemoryLog()
    log.append(0, [Text("a" * 4000)] * 200)
    log.close(200, DONE)
    clients = [Client() for _ in range(10 * BEHIND_AT_ONCE)]
    with ExitStack() as stack:
        deliveries = [stack.enter_context(delivering(pump, log, client)) for client in clients]
        await asyncio.sleep(0)
        before = sum(len(client.pages) for client in clients)
        most = 0
        while not all(delivery.done() for delivery in deliveries):
            await asyncio.sleep(0)
            after = sum(len(client.pages) for client in clients)
            most, before = max(most, after - before), after
        assert most <= BEHIND_AT_ONCE
        assert {client.text for client in clients} == {"a" * 800_000}
