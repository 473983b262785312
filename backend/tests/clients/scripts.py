"""How scripted replies are played, as a member that the `openai` package passes on."""

from typing import Any

import httpx2
import pytest

from tests.running import RunningServer

over_each_protocol = pytest.mark.parametrize("openai", ["HTTP/1.1", "HTTP/2"], indirect=True)
"""For tests whose client shall speak each version of HTTP; the others speak HTTP/1.1."""

PACE = {"tokens_per_second": 100_000}
FAST: Any = {"script": PACE}


def gated(after: int) -> Any:
    """A reply that waits once it has said so many words."""
    return {"script": {**PACE, "faults": [{"after": after, "kind": "gate"}]}}


async def open_gate(server: RunningServer, headers: httpx2.Headers) -> None:
    """Let the reply go on that an answer with these headers carries, as the client that they name."""
    generation = headers["location"].rpartition("/")[2]
    named = {"headwater-client": headers["headwater-client"]}
    async with httpx2.AsyncClient(base_url=server.url) as client:
        opened = await client.post(f"/api/scripted/gates/{generation}", headers=named)
        assert opened.status_code == 204
