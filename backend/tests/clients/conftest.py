"""The `openai` package as it is installed, against a real server."""

from collections.abc import AsyncIterator
from secrets import token_hex

import httpx2
import pytest
from openai import AsyncOpenAI

from tests.running import RunningServer


@pytest.fixture
async def openai(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[AsyncOpenAI]:
    """A client with a key of its own. See `over_each_protocol`."""
    two = getattr(request, "param", "HTTP/1.1") == "HTTP/2"
    async with AsyncOpenAI(
        base_url=f"{server.tls_url if two else server.url}/v1",
        api_key=token_hex(),
        max_retries=0,
        timeout=20,
        http_client=httpx2.AsyncClient(http2=two, verify=False),
    ) as client:
        yield client
