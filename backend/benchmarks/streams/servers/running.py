"""A server under test: how it is installed and started, and the process that it then is."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.streams.cores import keep_on
from benchmarks.streams.load import Request
from benchmarks.streams.process_tree import cpu_seconds

START_SECONDS = 120.0
REST_SECONDS = 60.0


class MeasurementError(Exception):
    """A server cannot be measured; the message says why."""


@dataclass(frozen=True)
class Surroundings:
    """What a server is given: ports on 127.0.0.1, the model server's address, and a folder of its own."""

    port: int
    tls_port: int
    model_url: str
    folder: Path


@dataclass(frozen=True)
class Command:
    arguments: list[str | Path]
    environment: dict[str, str]


@dataclass(frozen=True)
class Row:
    """A row of the table: a way to ask a server for a reply."""

    name: str
    request: Request
    resumed: float = 0.0
    """The share of streams that are cut and resumed again and again."""
    in_quick: bool = False
    is_compared: bool = True
    """Whether it stands beside other servers, so it is also measured how many streams it holds."""


class Server:
    """A program that streams replies of the model server."""

    name: str
    rows: tuple[Row, ...]

    def install(self) -> None:
        """Make sure that it can be started. Raises `InstallationError`."""

    def version(self) -> str:
        """The versions of what it consists of, for people."""
        raise NotImplementedError

    def command(self, surroundings: Surroundings) -> Command:
        """How it is started."""
        raise NotImplementedError


@dataclass(frozen=True)
class RunningServer:
    process: subprocess.Popen[bytes]
    port: int
    tls_port: int

    def come_to_rest(self) -> None:
        """Wait until it does nothing any more: until 1% of its core is used over half a second."""
        deadline = time.monotonic() + REST_SECONDS
        before = cpu_seconds(self.process.pid)
        while time.monotonic() < deadline:
            time.sleep(0.5)
            used, before = cpu_seconds(self.process.pid) - before, cpu_seconds(self.process.pid)
            if used <= 0.02:
                return


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


@contextmanager
def running_server(
    server: Server, model_url: str, cores: Collection[int], folder: Path
) -> Iterator[RunningServer]:
    """The server, on these cores only, once it accepts connections and has come to rest."""
    port, tls_port = free_ports(2)
    surroundings = Surroundings(port, tls_port, model_url, folder)
    command = server.command(surroundings)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command.arguments,
            cwd=folder,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=keep_on(set(cores)),
        )
    try:
        _wait_for(process, surroundings.port, log)
        running = RunningServer(process, surroundings.port, surroundings.tls_port)
        running.come_to_rest()
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    lines = log.read_text("utf-8").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")
    raise MeasurementError(f"it did not start: {last}")
