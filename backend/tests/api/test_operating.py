"""What a server tells whoever runs it: metrics, and a line for each reply that has ended."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.exposition import scrape, until
from tests.running import RunningServer, asked, running, sse_events

SECRET = "Kingfisher"
GATE = {"faults": [{"after": 2, "kind": "gate"}]}
FAST = {"tokens_per_second": 1000}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of which nobody else asks anything, and which soon has been asked too much."""
    with running(tmp_path_factory.mktemp("watched"), HEADWATER_RATE_LIMIT="10/day") as started:
        yield started


@pytest.fixture
async def client(watched: RunningServer) -> Any:
    async with httpx.AsyncClient(base_url=watched.url, timeout=20) as made:
        yield made


async def test_metrics_are_text_that_names_nobody_and_is_not_rationed(client: httpx.AsyncClient) -> None:
    for _ in range(20):
        response = await client.get("/metrics")
        assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers
    assert "headwater-client" not in response.headers


async def test_metrics_are_described(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()["paths"]["/metrics"]["get"]
    assert set(described["responses"]["200"]["content"]) == {"text/plain"}


async def test_metrics_count_what_happens_to_a_reply(client: httpx.AsyncClient) -> None:
    before = await scrape(client)
    async with asked(client, "one two three four five", script=GATE) as response:
        events = aiter(sse_events(response))
        generation = (await anext(events)).data["generation"]
        seen = await anext(events)
        await until(client, active=1, followers=1)
        async with client.stream(
            "GET", f"/api/generations/{generation}/events", headers={"Last-Event-ID": f"{generation}:1"}
        ) as resumed:
            second = aiter(sse_events(resumed))
            assert (await anext(second)).data["generation"] == generation
            await until(client, active=1, followers=2)
            assert (await client.post(f"/api/scripted/gates/{generation}")).status_code == 204
            rest = [seen, *[event async for event in events]]
            assert [event async for event in second][-1].event == "outcome"
    assert rest[-1].data["status"] == "completed"
    after = await until(client, active=0, followers=0)

    def more(name: str) -> float:
        return after[f"headwater_{name}"] - before.get(f"headwater_{name}", 0)

    assert more("generations_total{code=stop,status=completed}") == 1
    assert more("tokens_total{provider=scripted}") == 5
    assert more("first_token_seconds_count{provider=scripted}") == 1
    assert more("token_gap_seconds_count{provider=scripted}") == 4
    assert more("tokens_per_page_sum") == 5 + 4  # the second reader had seen one
    assert more("resumes_total") == 1


async def test_metrics_count_cancels_and_refusals(client: httpx.AsyncClient) -> None:
    before = await scrape(client)
    async with asked(client, "one two three", script=GATE) as response:
        events = aiter(sse_events(response))
        generation = (await anext(events)).data["generation"]
        started = time.monotonic()
        assert (await client.post(f"/api/generations/{generation}/cancel")).status_code == 202
        assert [event async for event in events][-1].data["by"] == "user"
        seconds = time.monotonic() - started
    assert (await client.post("/api/chat", json={"message": "a", "model": "nobody/x"})).status_code == 404
    assert (await client.get("/nothing/here")).status_code == 404
    after = await scrape(client)
    more = {name: after[name] - value for name, value in before.items()}
    assert more["headwater_generations_total{code=user,status=cancelled}"] == 1
    assert more["headwater_cancel_seconds_count"] == 1
    assert (
        0 <= more["headwater_cancel_seconds_sum"] <= seconds
    )  # the clock of the event loop has milliseconds
    assert more["headwater_refusals_total{code=unknown_model}"] == 1
    assert more["headwater_refusals_total{code=not_found}"] == 1


async def test_each_reply_that_has_ended_leaves_one_line_without_its_text(
    client: httpx.AsyncClient, watched: RunningServer
) -> None:
    body = {"message": f"{SECRET} " * 3, "model": "scripted/echo", "system": SECRET}
    reply = (await client.post("/api/chat", json=body, headers={"Accept": "application/json"})).json()
    assert SECRET in reply["text"]
    lines = [line for line in watched.log.splitlines() if reply["generation"] in line]
    assert len(lines) == 1, watched.log
    found = re.fullmatch(r"[-0-9]+ [:,0-9]+ INFO headwater\.generations: ({.*})", lines[0])
    assert found is not None, lines[0]
    said = json.loads(found[1])
    assert len(said.pop("client")) == len("client_") + 6
    assert said == {
        **{name: reply[name] for name in ("generation", "conversation", "message", "model")},
        "status": "completed",
        "reason": "stop",
        **reply["outcome"]["timing"],
        "most_readers": 1,
    }
    assert SECRET not in watched.log
