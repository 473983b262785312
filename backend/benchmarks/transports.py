"""The cost of each transport: bytes and processor time per token, and the time to the first token.

    cd backend && ../.venv/bin/python -m benchmarks.transports

The server is a process of its own. Its processor time is divided by the tokens of concurrent replies with one
reader each. The bytes are those that the network carries to the client for one reply, including headers and
TLS. Compare the rows of one run.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx
from tests.running import RunningServer, running
from tests.wires.table import WIRES
from tests.wires.wire import Wire

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Counting:
    """A proxy in front of a server, on ports of its own, that counts what the server sends."""

    server: RunningServer
    port: int = 0
    tls_port: int = 0
    grpc_port: int = 0
    sent: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Counting"]:
        listening = []
        for name in ("port", "tls_port", "grpc_port"):
            server_port = getattr(self.server, name)
            server = await asyncio.start_server(self._forward(server_port), "127.0.0.1", 0)
            setattr(self, name, server.sockets[0].getsockname()[1])
            listening.append(server)
        try:
            yield self
        finally:
            for server in listening:
                server.close()
            for writer in self.writers:
                writer.close()
            await asyncio.gather(*self.tasks, return_exceptions=True)

    def _forward(self, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
            self.writers += writer, server_writer
            self.tasks.add(cast("asyncio.Task[None]", asyncio.current_task()))
            await asyncio.gather(
                self._carry(reader, server_writer, counts=False),
                self._carry(server_reader, writer, counts=True),
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


async def read_whole(wire: Wire, request: dict[str, Any]) -> float:
    """Read a reply to its end; the seconds to its first token."""
    started = time.monotonic()
    first = None
    async with wire.start(request) as reading:
        async for event in reading:
            if event.text and first is None:
                first = time.monotonic() - started
    assert first is not None
    return first


def processor_seconds(pid: int) -> float:
    """The processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def measure(server: RunningServer, name: str, options: argparse.Namespace) -> str:
    async with speaking(server, name) as wire:
        first = [await read_whole(wire, body(1, 1000)) for _ in range(options.starts)]
        before = processor_seconds(server.process.pid)
        await asyncio.gather(
            *(read_whole(wire, body(options.tokens, options.pace)) for _ in range(options.replies))
        )
        used = processor_seconds(server.process.pid) - before
    async with Counting(server).open() as counting, speaking(counting, name) as wire:
        await read_whole(wire, body(options.tokens, options.pace))
    per_token = used / (options.replies * options.tokens) * 1e6
    return (
        f"| {name} | {counting.sent / options.tokens:.0f} | {statistics.median(first) * 1000:.1f}"
        f" | {per_token:.0f} |"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=40, help="at once, for the processor time")
    parser.add_argument("--tokens", type=int, default=250, help="in each of them")
    parser.add_argument("--pace", type=float, default=50.0, help="tokens a second")
    parser.add_argument("--starts", type=int, default=40, help="for the wait for the first token")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        environment = {"HEADWATER_API_KEYS": "key"}
        with running(Path(folder), "-X", "utf8", **environment) as server:
            print(
                "| transport | bytes a token | first token, ms | processor, µs a token |\n|---|---|---|---|"
            )
            for name in WIRES:
                print(await measure(server, name, options), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
