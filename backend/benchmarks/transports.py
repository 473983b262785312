"""What each transport costs: bytes and processor time a token, and the wait for the first one.

    cd backend && ../.venv/bin/python -m benchmarks.transports

The server is a process of its own; its processor time is divided by the tokens of the replies that run at
once, each followed by one reader. The bytes are those that the network carries towards the client, headers
and TLS included, for one such reply. Compare the rows of one run.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from tests.running import RunningServer, running
from tests.wires.table import WIRES
from tests.wires.wire import Wire

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Counting:
    """Stands before a server at ports of its own, and counts what the server sends."""

    server: RunningServer
    port: int = 0
    tls_port: int = 0
    grpc_port: int = 0
    sent: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Counting"]:
        listening = []
        for name in ("port", "tls_port", "grpc_port"):
            behind = getattr(self.server, name)
            server = await asyncio.start_server(self._between(behind), "127.0.0.1", 0)
            setattr(self, name, server.sockets[0].getsockname()[1])
            listening.append(server)
        try:
            yield self
        finally:
            for server in listening:
                server.close()
            for writer in self.writers:
                writer.close()
            for writer in self.writers:
                with suppress(ConnectionError):
                    await writer.wait_closed()

    def _between(self, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
            self.writers += writer, there_writer
            await asyncio.gather(
                self._carry(reader, there_writer, counts=False),
                self._carry(there_reader, writer, counts=True),
                return_exceptions=True,
            )

        return forward

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        try:
            while data := await reader.read(65_536):
                self.sent += len(data) if counts else 0
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def speaking(server: RunningServer | Counting, name: str) -> AsyncIterator[Wire]:
    headers = {"Authorization": "Bearer key"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
        yield WIRES[name](server, client, headers)


def body(tokens: int, pace: float) -> dict[str, Any]:
    words = " ".join(["token"] * tokens)
    return {"message": words, "model": "scripted/echo", "script": {"tokens_per_second": pace}}


async def whole(wire: Wire, asked: dict[str, Any]) -> float:
    """Read a reply to its end; the seconds to its first token."""
    begun = time.monotonic()
    first = None
    async with wire.start(asked) as reading:
        async for seen in reading:
            if seen.text and first is None:
                first = time.monotonic() - begun
    assert first is not None
    return first


def processor_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def measure(server: RunningServer, name: str, given: argparse.Namespace) -> str:
    async with speaking(server, name) as wire:
        first = [await whole(wire, body(1, 1000)) for _ in range(given.starts)]
        before = processor_seconds(server.process.pid)
        await asyncio.gather(*(whole(wire, body(given.tokens, given.pace)) for _ in range(given.replies)))
        used = processor_seconds(server.process.pid) - before
    async with Counting(server).open() as counting, speaking(counting, name) as wire:
        await whole(wire, body(given.tokens, given.pace))
    per_token = used / (given.replies * given.tokens) * 1e6
    return (
        f"| {name} | {counting.sent / given.tokens:.0f} | {statistics.median(first) * 1000:.1f}"
        f" | {per_token:.0f} |"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=40, help="at once, for the processor time")
    parser.add_argument("--tokens", type=int, default=250, help="in each of them")
    parser.add_argument("--pace", type=float, default=50.0, help="tokens a second")
    parser.add_argument("--starts", type=int, default=40, help="for the wait for the first token")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        environment = {"HEADWATER_API_KEYS": "key"}
        with running(Path(folder), "-X", "utf8", **environment) as server:
            print(
                "| transport | bytes a token | first token, ms | processor, µs a token |\n|---|---|---|---|"
            )
            for name in WIRES:
                print(await measure(server, name, given), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
