"""A proxy before PostgreSQL, which counts round trips and can be slow, fall silent, or lose connections."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from sqlalchemy.engine import URL


class PostgresqlProxy:
    """Passes everything on, in order. It has a thread of its own, because tests may block theirs."""

    def __init__(self, url: URL) -> None:
        self._behind = url
        self._loop = asyncio.new_event_loop()
        self._speaks, self._stopped = asyncio.Event(), asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._lost: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.round_trips = 0
        """How often a client began to wait for an answer."""
        self.delay = 0.0
        """Seconds by which it makes each round trip longer."""
        self._speaks.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = url.set(host="127.0.0.1", port=self._listening.getsockname()[1])
        """The way to the same database through the proxy."""

    def run(self) -> None:
        """Pass on until `stop`."""
        self._loop.run_until_complete(self._run())
        self._loop.close()

    def stop(self) -> None:
        """End `run`, and all connections."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    def be_silent(self) -> None:
        """Hold everything back until `speak`, as a network does that is cut for a while."""
        self._loop.call_soon_threadsafe(self._speaks.clear)

    def speak(self) -> None:
        """Pass on what was held back, and what comes."""
        self._loop.call_soon_threadsafe(self._speaks.set)

    def lose_connections(self) -> None:
        """Pass nothing on any more on those of now, as a firewall that has forgotten them; new ones work."""
        self._loop.call_soon_threadsafe(lambda: self._lost.update(self._writers))

    async def _run(self) -> None:
        server = await asyncio.start_server(self._accept, sock=self._listening)
        await self._stopped.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._connect(reader, writer)))

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            from_server, to_server = await asyncio.open_connection(self._behind.host, self._behind.port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(to_server)
        is_answered = True

        async def pass_on(source: asyncio.StreamReader, to: asyncio.StreamWriter, answers: bool) -> None:
            nonlocal is_answered
            pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            self._tasks.add(asyncio.create_task(self._write(pieces, to)))
            data = b"more"
            while data:
                data = b""
                with suppress(ConnectionError):
                    data = await source.read(65_536)
                if data and is_answered and not answers:
                    self.round_trips += 1
                is_answered = answers
                pieces.put_nowait((self._loop.time() + self.delay / 2, data))

        await asyncio.gather(pass_on(reader, to_server, False), pass_on(from_server, writer, True))

    async def _write(self, pieces: asyncio.Queue[tuple[float, bytes]], to: asyncio.StreamWriter) -> None:
        """Write pieces when they are due; an empty one is the end."""
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(due - self._loop.time())
            await self._speaks.wait()
            if to in self._lost:
                continue
            if not data:
                to.close()
                return
            to.write(data)


@contextmanager
def proxied(url: URL) -> Iterator[PostgresqlProxy]:
    """A proxy before a database, for as long as the block."""
    proxy = PostgresqlProxy(url)
    thread = Thread(target=proxy.run)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
