"""Two servers on one PostgreSQL, of which one is an hour ahead."""

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import IO, cast

import pytest
from sqlalchemy.engine import URL

from tests.fork_server import ForkedProcess
from tests.live.test_servers import WORDS, Servers, clients_of, read, servers_of, start
from tests.postgresql import new_database
from tests.running import RunningServer, text_of

STARTS = 8

LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="libfaketime is missing: apt install faketime")


class ServerAhead(RunningServer):
    """A server whose clock, but not the one that counts seconds, is an hour ahead."""

    def _start(self, environment: Mapping[str, str], log: IO[bytes]) -> ForkedProcess:
        clock = {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": "+1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        command = [sys.executable, "-P", "-m", "headwater", "serve"]
        process = subprocess.Popen(command, env={**environment, **clock}, stdout=subprocess.PIPE, stderr=log)
        return cast(ForkedProcess, process)  # which is as a `Popen`


@pytest.fixture
async def servers(postgresql_url: URL, postgresql_template: str, tmp_path: Path) -> AsyncIterator[Servers]:
    async with new_database(postgresql_url, postgresql_template) as url:
        kinds = (RunningServer, ServerAhead)
        with servers_of(kinds, tmp_path, url, HEADWATER_RATE_LIMIT=f"{STARTS}/hour") as both:
            async with clients_of(*both) as servers:
                yield servers


async def test_clocks_that_are_apart_change_nothing(servers: Servers) -> None:
    clients = (servers.writer, servers.reader)
    for one, other in (clients, clients[::-1]):
        started = await start(one)
        assert text_of(await read(other, started["generation"])) == WORDS
        left = await start(one, script={"tokens_per_second": 5})
        assert (await other.post(f"/api/generations/{left['generation']}/cancel")).status_code == 202
        assert (await read(one, left["generation"]))[-1].data["status"] == "cancelled"
        path = f"/api/conversations/{started['conversation']}"
        assert (await one.delete(path)).status_code == 204
        assert (await other.get(path)).status_code == 404
        assert (await other.post(f"{path}/restore")).status_code == 200
        assert (await one.get(path)).status_code == 200
        token = (await one.post(f"{path}/share")).json()["token"]
        assert (await other.get(f"/api/shared/{token}")).status_code == 200
    listed = (await servers.writer.get("/api/conversations")).json()["conversations"]
    assert len({each["created_at"][:13] for each in listed}) > 1, "no clock is ahead"
    for client in clients:
        while (
            last := await client.post("/api/chat", json={"message": "one", "model": "scripted/echo"})
        ).is_success:
            pass
        assert last.status_code == 429
        assert 0 < int(last.headers["retry-after"]) <= 3600 / STARTS
    for server in (servers.first, servers.second):
        assert "is gone" not in server.log
