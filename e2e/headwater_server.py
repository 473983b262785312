"""The real server as a process of its own, as `make run` starts it."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from time import monotonic

COMMAND = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "headwater"
PAGE = Path(__file__).resolve().parent.parent / "backend" / "src" / "headwater" / "page" / "index.html"
GREETING = "Headwater is at"
START_SECONDS = 150.0
DRAIN_SECONDS = 1.0
EXIT_SECONDS = DRAIN_SECONDS + 30.0
"""A server that is still there so long after SIGTERM hangs; the back end's tests say how soon it must go."""


@dataclass
class HeadwaterServer:
    """A server that runs. `http1` and `http2` are its addresses for the two protocols."""

    process: subprocess.Popen[bytes]
    http1_port: int
    http2_port: int
    grpc_port: int
    log: Path
    data: Path
    base_path: str = ""
    is_killed: bool = False

    @property
    def ports(self) -> tuple[int, int, int]:
        """Where a server has to be started to be at the same addresses."""
        return self.http1_port, self.http2_port, self.grpc_port

    @property
    def http1(self) -> str:
        """Without TLS a browser speaks HTTP/1.1."""
        return f"http://127.0.0.1:{self.http1_port}{self.base_path}"

    @property
    def http2(self) -> str:
        """Over TLS it speaks HTTP/2. The certificate is one that only this server knows."""
        return f"https://127.0.0.1:{self.http2_port}{self.base_path}"

    def kill(self) -> None:
        """End the process at once, as a crash does: it has no time to save or to say anything."""
        self.is_killed = True
        self.process.kill()
        self.process.wait()

    def check_that_it_runs(self) -> None:
        """Raise `RuntimeError` with its log when it has ended by itself or was ended by someone else."""
        if (status := self.process.poll()) is not None:
            raise RuntimeError(f"the server has ended with {status}:\n{self.log.read_text('utf-8')}")

    def errors(self, since: int = 0) -> list[str]:
        """The errors in its log after so many characters, each with its traceback."""
        said = self.log.read_text("utf-8")[since:]
        return re.findall(
            r"^\S+ \S+ (?:ERROR|CRITICAL) .*(?:\n(?!\d{4}-).*)*|^Traceback .*", said, re.MULTILINE
        )


@contextmanager
def headwater_server(
    folder: Path, *, ports: tuple[int, int, int] | None = None, **environment: str
) -> Iterator[HeadwaterServer]:
    """Run a server, with its data and its log in `folder` and more variables in `environment`.

    Scripted models only, unless `HEADWATER_LOCAL_MODEL` is given as empty. `ports` are those for HTTP/1.1,
    HTTP/2 and gRPC; without them, some that are free. At the end a server that was not killed has to stop by
    itself, with exit status 0 and in the time that it promises. Raises `RuntimeError` with its
    log when it does not start, and `AssertionError` when it does not end well.
    """
    for needed, make in ((COMMAND, "make setup"), (PAGE, "make setup")):
        if not needed.is_file():
            raise RuntimeError(f"{needed} is missing; `{make}` makes it")
    plain, secure, grpc = ports or free_ports(3)
    settings = {
        "HEADWATER_PORT": str(plain),
        "HEADWATER_TLS_PORT": str(secure),
        "HEADWATER_GRPC_PORT": str(grpc),
        "HEADWATER_DATA_DIR": str(folder / "data"),
        "HEADWATER_LOCAL_MODEL": "off",
        "HEADWATER_RATE_LIMIT": "100000/minute",
        "HEADWATER_DRAIN_TIMEOUT": str(DRAIN_SECONDS),
        **environment,
    }
    foreign = ("HEADWATER_", "OPENAI_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    log = folder / "server.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [COMMAND, "serve"], env={**own, **settings}, stdout=subprocess.PIPE, stderr=errors
        )
    with ExitStack() as cleaning:
        cleaning.callback(_kill, process)
        _wait_for_greeting(process, log)
        base_path = settings.get("HEADWATER_BASE_PATH", "")
        server = HeadwaterServer(process, plain, secure, grpc, log, folder / "data", base_path)
        yield server
        if server.is_killed:
            return
        process.send_signal(signal.SIGTERM)
        if (status := _status(process)) != 0:
            raise AssertionError(f"the server ended with {status}:\n{log.read_text('utf-8')}")


def _wait_for_greeting(process: subprocess.Popen[bytes], log: Path) -> None:
    """Read the line that the server prints once it answers."""
    if process.stdout is None:
        raise RuntimeError("the server's output is not read")
    until = monotonic() + START_SECONDS
    said = b""
    while b"\n" not in said:
        ready, _, _ = select([process.stdout], [], [], max(0.0, until - monotonic()))
        part = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not part:
            raise RuntimeError(
                f"the server did not start in {START_SECONDS:.0f} s:\n{log.read_text('utf-8')}"
            )
        said += part
    if GREETING.encode() not in said:
        raise RuntimeError(f"the server says {said.decode()!r} instead of {GREETING!r}")


def _status(process: subprocess.Popen[bytes]) -> int | str:
    """The exit status of a process that was asked to end, or that it did not end in time."""
    try:
        return process.wait(EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        return f"no exit within {EXIT_SECONDS:.0f} s"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process if it still runs; nothing is left behind by a test that failed."""
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def free_ports(count: int) -> list[int]:
    """Different ports that are free now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
