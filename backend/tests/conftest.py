from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import RunningServer, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the scripted provider only."""
    with running(tmp_path_factory.mktemp("server"), HEADWATER_HEARTBEAT="0.2") as started:
        yield started


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
async def client(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server that keeps cookies, over each version of HTTP."""
    two = request.param == "HTTP/2"

    async def check(response: httpx.Response) -> None:
        assert response.http_version == request.param

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
