import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
from sqlalchemy.engine import URL

from headwater.storage.database import Database, open_database, sqlite_url
from tests.postgresql import migrated_template, new_database, postgresql
from tests.running import RunningServer, running
from tests.valkey import ValkeyServer, valkey_server

# A property takes as long as the machine lets it. A red run points to a change, not to a draw: `make fuzz`
# draws anew.
hypothesis.settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="HEADWATER_FUZZ" not in os.environ,
)
hypothesis.settings.load_profile("any machine")


def pytest_xdist_auto_num_workers() -> int:
    """Two for each processor, because half of the time a test waits."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the scripted provider only, in asyncio's debug mode."""
    folder = tmp_path_factory.mktemp("server")
    with running(folder, HEADWATER_HEARTBEAT="0.2", PYTHONASYNCIODEBUG="1") as started:
        yield started


@pytest.fixture
async def client(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server that keeps cookies. See `over_each_protocol`."""
    protocol = getattr(request, "param", "HTTP/1.1")
    two = protocol == "HTTP/2"

    async def check(response: httpx.Response) -> None:
        assert response.http_version == protocol

    async with httpx.AsyncClient(
        base_url=server.tls_url if two else server.url,
        http2=two,
        verify=False,
        timeout=20,
        event_hooks={"response": [check]},
    ) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[URL]:
    """A PostgreSQL server."""
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url: URL) -> Iterator[str]:
    with migrated_template(postgresql_url) as name:
        yield name


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A Valkey server that no test breaks."""
    with valkey_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def server_url(request: pytest.FixtureRequest) -> URL | None:
    """Each kind of database in turn: where it is served, None for a file."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


@pytest.fixture
def template(server_url: URL | None, request: pytest.FixtureRequest) -> str:
    return "" if server_url is None else request.getfixturevalue("postgresql_template")


@pytest.fixture
async def empty_url(server_url: URL | None, tmp_path: Path) -> AsyncIterator[URL]:
    """A database without any tables yet."""
    if server_url is None:
        yield sqlite_url(tmp_path / "empty.db")
    else:
        async with new_database(server_url) as url:
            yield url


@pytest.fixture
async def database_url(server_url: URL | None, template: str, tmp_path: Path) -> AsyncIterator[URL]:
    """A fresh database."""
    if server_url is None:
        yield sqlite_url(tmp_path / "headwater.db")
    else:
        async with new_database(server_url, template) as url:
            yield url


@pytest.fixture
async def database(database_url: URL) -> AsyncIterator[Database]:
    """A fresh database, open."""
    async with open_database(database_url) as opened:
        yield opened
