"""PgBouncer between Headwater and the PostgreSQL of the tests, as Debian has it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from tests.postgresql import START_SECONDS
from tests.running import free_port

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is missing: apt install pgbouncer")

CONFIGURATION = """
[databases]
* = host={server.host} port={server.port} user={server.username} password={server.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
max_client_conn = 300
default_pool_size = {size}
server_login_retry = 1
"""


@contextmanager
def pgbouncer(server: URL, folder: Path, mode: str, size: int = 4) -> Iterator[URL]:
    """PgBouncer in one of its modes, with at most `size` sessions; the URL of the server through it."""
    assert PROGRAM is not None
    port = free_port()
    file, log = folder / "pgbouncer.ini", folder / "pgbouncer.log"
    file.write_text(CONFIGURATION.format(server=server, port=port, mode=mode, size=size))
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to run as root
    with (
        log.open("wb") as errors,
        subprocess.Popen([PROGRAM, *as_nobody, str(file)], stdout=errors, stderr=errors) as process,
    ):
        try:
            _wait_until_ready(port, process, log)
            yield server.set(port=port)
        finally:
            process.kill()


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < give_up, log.read_text()
        time.sleep(0.02)
