"""A real server process, and a real client that reads events as they arrive."""

import os
import secrets
import select
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import msgspec
import pytest

from tests.fork_server import ForkedProcess

START_SECONDS = 150
STOP_SECONDS = 30
PORTS = range(16_000, 32_000)

over_each_protocol = pytest.mark.parametrize("client", ["HTTP/1.1", "HTTP/2"], indirect=True)
"""For tests whose `client` shall speak each version of HTTP; the others speak HTTP/1.1."""


def free_port() -> int:
    """A port that nobody listens on, and that the system gives to no connection meanwhile."""
    while True:
        port = secrets.randbelow(PORTS.stop - PORTS.start) + PORTS.start
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def inherited_environment() -> dict[str, str]:
    """What a server takes over from the tests: where programs and the source are."""
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}


@dataclass
class RunningServer:
    """`headwater serve` in a process of its own; what it logs is in `log`."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port, self.tls_port, self.grpc_port = free_port(), free_port(), free_port()
        self.log_file = self.folder / "log"
        environment = {
            **inherited_environment(),
            "HEADWATER_PORT": str(self.port),
            "HEADWATER_TLS_PORT": str(self.tls_port),
            "HEADWATER_GRPC_PORT": str(self.grpc_port),
            "HEADWATER_DATA_DIR": str(self.folder / "data"),
            "HEADWATER_LOCAL_MODEL": "off",
            "HEADWATER_DRAIN_TIMEOUT": "0",
            "HEADWATER_RATE_LIMIT": "1000000/minute",
            "HEADWATER_MAX_ACTIVE_PER_CLIENT": "1000",
            **self.environment,
        }
        with self.log_file.open("wb") as log:
            self.process = self._start(environment, log)

    def _start(self, environment: Mapping[str, str], log: IO[bytes]) -> ForkedProcess:
        return ForkedProcess("serve", environment=environment, errors=log)

    def wait_until_ready(self) -> "RunningServer":
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        self.greeting = self.process.stdout.readline().decode() if ready else ""
        assert self.greeting.startswith("Headwater is at"), self.log
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"https://127.0.0.1:{self.tls_port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM and wait; the exit status and the seconds it took."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
        return status, time.monotonic() - started


def refused_start(folder: Path, **environment: str) -> str:
    """Start a server that must not start; what it says why."""
    server = RunningServer(folder, environment)
    try:
        assert server.process.wait(START_SECONDS) == 2
        assert server.process.stdout.read() == b""
    finally:
        server.stop()
    return server.log


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[RunningServer]:
    """A server, which must stop well and must not have logged an exception."""
    server = RunningServer(folder, environment)
    try:
        yield server.wait_until_ready()
    finally:
        status, _ = server.stop()
    assert status == 0, server.log
    assert "Traceback" not in server.log, server.log


@dataclass(frozen=True)
class SseEvent:
    """One server-sent event as a client dispatches it; `at` is when its bytes arrived, in seconds."""

    event: str
    id: str
    data: dict[str, Any]
    at: float = field(compare=False)


class SseReader:
    """Reads server-sent events by the rules of the standard, from bytes cut anywhere."""

    def __init__(self) -> None:
        self._rest = b""
        self._event, self._id, self._data = "message", "", list[str]()
        self.comments: list[str] = []
        self.retry: int | None = None

    def feed(self, data: bytes) -> list[SseEvent]:
        at = time.monotonic()
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [event for line in lines if (event := self._line(line.decode(), at)) is not None]

    def _line(self, line: str, at: float) -> SseEvent | None:
        """Read a line; an empty one ends an event, which there is only with data."""
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match key:
            case "" if line:
                self.comments.append(value)
            case "":
                name, id_, data = self._event, self._id, "\n".join(self._data)
                self._event, self._id, self._data = "message", "", []
                return SseEvent(name, id_, msgspec.json.decode(data), at) if data else None
            case "event":
                self._event = value
            case "id":
                self._id = value
            case "data":
                self._data.append(value)
            case "retry":
                self.retry = int(value)
            case _:
                raise AssertionError(f"unknown field in {line!r}")
        return None


async def sse_events(response: httpx.Response) -> AsyncIterator[SseEvent]:
    """The events of a response, as they arrive."""
    reader = SseReader()
    async for data in response.aiter_raw():
        for event in reader.feed(data):
            yield event


@asynccontextmanager
async def asked(client: httpx.AsyncClient, message: str, **body: Any) -> AsyncIterator[httpx.Response]:
    """Start a reply, streamed; the response is read by the caller."""
    body = {"message": message, "model": "scripted/echo", **body}
    async with client.stream("POST", "/api/chat", json=body) as response:
        yield response


def text_of(events: list[SseEvent]) -> str:
    return "".join(event.data["token"] for event in events if event.event == "message")
