"""A relay in front of a server whose connections a test can cut, as a lost network would."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets the connection, and what was on its way is lost."""


class CuttingProxy:
    """Relays TCP, and so both protocols, to a port on this machine. Its methods may be called anywhere."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._ends: set[asyncio.StreamWriter] = set()
        self._down = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = Thread(target=self._run, name="cutting proxy", daemon=True)
        self._stop = asyncio.Event()

    def start(self) -> None:
        """Begin to relay."""
        self._thread.start()

    def close(self) -> None:
        """Cut everything and stop."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Reset all connections; new ones are taken."""
        self._do(down=False)

    def go_down(self) -> None:
        """Reset all connections and, until `come_back()`, new ones."""
        self._do(down=True)

    def come_back(self) -> None:
        """Take new connections again."""
        self._down = False

    def _do(self, *, down: bool) -> None:
        async def on_the_loop() -> None:
            self._down = down
            self._reset(*self._ends)

        asyncio.run_coroutine_threadsafe(on_the_loop(), self._loop).result()

    def _reset(self, *ends: asyncio.StreamWriter) -> None:
        for end in ends:
            end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.transport.abort()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with await asyncio.start_server(self._relay, sock=self._listener):
            await self._stop.wait()
            self._reset(*self._ends)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._down:
            self._reset(writer)
            return
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._to_port)
        ends = {writer, to_server}
        self._ends |= ends
        try:
            await asyncio.gather(_pump(reader, to_server), _pump(from_server, writer))
        finally:
            self._ends -= ends
            for end in ends:
                end.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until the end or the cut of it, then end the other side."""
    try:
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
        writer.write_eof() if writer.can_write_eof() else writer.close()
    except ConnectionError:
        writer.close()


@contextmanager
def cutting_proxy(to_port: int) -> Iterator[CuttingProxy]:
    """Run a proxy for a while."""
    proxy = CuttingProxy(to_port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()
