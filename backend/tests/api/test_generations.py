"""Following, looking at and cancelling a generation."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.running import RunningServer, asked, over_each_protocol, sse_events, text_of

FAST = {"tokens_per_second": 10_000}


async def reply(client: httpx.AsyncClient, message: str, **body: object) -> dict[str, object]:
    sent = {"message": message, "model": "scripted/echo", "script": FAST, **body}
    response = await client.post("/api/chat", json=sent, headers={"Accept": "application/json"})
    found: dict[str, object] = response.json()
    return found


@over_each_protocol
async def test_every_cursor_of_a_closed_log_resumes_with_the_rest(client: httpx.AsyncClient) -> None:
    words = "one two three four five"
    generation = (await reply(client, words))["generation"]
    for after in range(6):
        expected = "".join(f" {word}" if n else word for n, word in enumerate(words.split()) if n >= after)
        ways: list[dict[str, Any]] = [
            {"params": {"after": str(after)}},
            {"headers": {"Last-Event-ID": f"{generation}:{after}"}},
            {"headers": {"Last-Event-ID": str(after)}, "params": {"after": "0"}},
        ]
        for sent in ways:
            async with client.stream("GET", f"/api/generations/{generation}/events", **sent) as response:
                events = [event async for event in sse_events(response)]
            assert events[0].id == f"{generation}:{after}"
            assert text_of(events) == expected
            assert events[-1].event == "outcome"


@over_each_protocol
async def test_a_second_reader_sees_the_same_reply_growing(client: httpx.AsyncClient) -> None:
    script = {"faults": [{"after": 2, "kind": "gate"}]}
    async with asked(client, "one two three four", script=script) as response:
        first = aiter(sse_events(response))
        generation = (await anext(first)).data["generation"]
        async with client.stream("GET", f"/api/generations/{generation}/events") as other:
            second = aiter(sse_events(other))
            seen = [await anext(second)]
            while text_of(seen) != "one two":
                seen.append(await anext(second))
            await client.post(f"/api/scripted/gates/{generation}")
            seen += [event async for event in second]
        assert text_of(seen) == "one two three four"
        assert text_of([event async for event in first]).endswith("three four")


async def test_polling_pages(client: httpx.AsyncClient) -> None:
    generation = (await reply(client, "one two"))["generation"]
    headers = {"Accept": "application/json"}
    page = (await client.get(f"/api/generations/{generation}/events", headers=headers)).json()
    assert page["cursor"] == 2
    assert page["outcome"]["status"] == "completed"
    assert "".join(event["token"] for event in page["events"]) == "one two"
    assert page["events"][-1]["cursor"] == 2
    rest = await client.get(f"/api/generations/{generation}/events?after=1", headers=headers)
    assert [event["token"] for event in rest.json()["events"]] == [" two"]


@over_each_protocol
async def test_a_poll_is_held_until_something_is_new(client: httpx.AsyncClient) -> None:
    gate = {"faults": [{"after": 0, "kind": "gate"}]}
    async with asked(client, "hello", script=gate) as response:
        generation = (await anext(aiter(sse_events(response)))).data["generation"]
        path, headers = f"/api/generations/{generation}/events", {"Accept": "application/json"}
        empty = (await client.get(path, headers=headers)).json()
        assert empty == {"events": [], "cursor": 0, "outcome": None}
        started = time.monotonic()
        short = (await client.get(f"{path}?wait=0.2", headers=headers)).json()
        assert short == empty
        assert time.monotonic() - started >= 0.19
        held = asyncio.create_task(client.get(f"{path}?wait=15", headers=headers))
        await client.post(f"/api/scripted/gates/{generation}")
        page = (await held).json()
        assert [event["token"] for event in page["events"]] == ["hello"]


async def test_a_generation_as_it_stands(client: httpx.AsyncClient) -> None:
    script = {"faults": [{"after": 2, "kind": "stall"}]}
    async with asked(client, "one two three", script=script) as response:
        events = aiter(sse_events(response))
        seen = [await anext(events)]
        while text_of(seen) != "one two":
            seen.append(await anext(events))
        start = seen[0]
        generation = start.data["generation"]
        found = (await client.get(f"/api/generations/{generation}")).json()
        assert found == {
            "generation": generation,
            "conversation": start.data["conversation"],
            "message": start.data["message"],
            "model": "scripted/echo",
            "cursor": 2,
            "text": "one two",
            "outcome": None,
            "parts": [{"type": "text", "text": "one two"}],
        }
        await client.post(f"/api/generations/{generation}/cancel")


@over_each_protocol
async def test_cancelling_ends_the_log_at_once_and_keeps_the_text(client: httpx.AsyncClient) -> None:
    async with asked(client, "one two three", script={"faults": [{"after": 2, "kind": "stall"}]}) as response:
        events = aiter(sse_events(response))
        seen = [await anext(events)]
        while text_of(seen) != "one two":
            seen.append(await anext(events))
        path = f"/api/generations/{seen[0].data['generation']}"
        cancelled = await client.post(f"{path}/cancel")
        async with asyncio.timeout(10):  # a stalled model has 30
            outcome = await anext(events)
        assert (cancelled.status_code, cancelled.json()["text"]) == (202, "one two")
        assert (outcome.data["status"], outcome.data["by"]) == ("cancelled", "user")
    again = await client.post(f"{path}/cancel")
    assert (again.status_code, again.json()["outcome"]["status"]) == (200, "cancelled")
    assert (await client.get(path)).json()["text"] == "one two"


async def test_a_cursor_ahead_of_the_log_is_a_conflict(client: httpx.AsyncClient) -> None:
    generation = (await reply(client, "one two"))["generation"]
    for accept in ("text/event-stream", "application/json"):
        response = await client.get(
            f"/api/generations/{generation}/events?after=3", headers={"Accept": accept}
        )
        assert (response.status_code, response.json()["code"]) == (409, "cursor_ahead")
    response = await client.get("/api/chat", headers={"Last-Event-ID": f"{generation}:3"})
    assert (response.status_code, response.json()["code"]) == (409, "cursor_ahead")


@over_each_protocol
async def test_the_end_has_been_seen(client: httpx.AsyncClient) -> None:
    generation = (await reply(client, "one two"))["generation"]
    ways: list[dict[str, Any]] = [
        {"params": {"after": "end"}},
        {"headers": {"Last-Event-ID": f"{generation}:end"}},
    ]
    for sent in ways:
        response = await client.get(f"/api/generations/{generation}/events", **sent)
        assert (response.status_code, response.content) == (204, b"")


async def test_a_generation_belongs_to_the_client_that_started_it(server: RunningServer) -> None:
    async with (
        httpx.AsyncClient(base_url=server.url) as mine,
        httpx.AsyncClient(base_url=server.url) as other,
    ):
        generation = (await reply(mine, "one two"))["generation"]
        paths = [f"/api/generations/{generation}", f"/api/generations/{generation}/events"]
        for path in paths:
            assert (await mine.get(path)).status_code == 200
            assert (await other.get(path)).status_code == 404
        assert (await other.post(f"{paths[0]}/cancel")).status_code == 404
        assert (await other.post(f"/api/scripted/gates/{generation}")).status_code == 404
        resumed = await other.get("/api/chat", headers={"Last-Event-ID": f"{generation}:0"})
        assert resumed.status_code == 404


async def test_a_client_without_cookies_sends_its_token_in_a_header(server: RunningServer) -> None:
    body = {"message": "one", "model": "scripted/echo"}
    started = httpx.post(f"{server.url}/api/chat", json=body)
    token, path = started.headers["headwater-client"], started.headers["location"]
    assert httpx.get(server.url + path).status_code == 404
    assert httpx.get(server.url + path, headers={"headwater-client": token}).status_code == 200
    name, _, _ = token.partition(".")
    for forged in (f"{name}.AAAA", name, "x", token[:-1]):
        refused = httpx.get(server.url + path, headers={"headwater-client": forged})
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        cookie = httpx.get(server.url + path, headers={"Cookie": f"headwater_client={forged}"})
        assert cookie.status_code == 404
        assert "headwater-client" not in cookie.headers


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server: RunningServer) -> None:
    for address, is_secure in ((server.url, False), (server.tls_url, True)):
        cookie = httpx.get(f"{address}/api/models", verify=False).headers["set-cookie"]
        assert cookie.startswith("__Host-headwater_client_" if is_secure else "headwater_client_")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == is_secure


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code == 200
    assert "set-cookie" not in response.headers


async def test_models(client: httpx.AsyncClient) -> None:
    models = (await client.get("/api/models")).json()
    assert {model["id"] for model in models} >= {
        f"scripted/{name}"
        for name in ("echo", "prose", "markdown", "code", "long", "slow-start", "stall", "error", "jitter")
    }
    assert [model["id"] for model in models if model["default"]] == ["scripted/echo"]
