"""Replies as clients get them, over HTTP/1.1 and HTTP/2, from a real server."""

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.running import RunningServer, SseReader, asked, over_each_protocol, running, sse_events, text_of

FORTY = " ".join(f"word{n}" for n in range(40))


@over_each_protocol
@pytest.mark.parametrize("path", ["/api/chat", "/chat"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_reply_arrives_one_token_after_another(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    body = {"message": FORTY, "model": "scripted/echo"}
    sent: dict[str, Any] = {"json": body} if method == "POST" else {"params": body}
    async with client.stream(method, path, **sent) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["cache-control"] == "no-cache, no-transform"
        assert response.headers["x-accel-buffering"] == "no"
        events = [event async for event in sse_events(response)]
    start, *tokens, outcome = events
    generation = response.headers["location"].removeprefix("/api/generations/")
    assert start.event == "start"
    assert start.id == f"{generation}:0"
    assert start.data["generation"] == generation
    assert start.data["model"] == "scripted/echo"
    assert set(start.data) == {"generation", "conversation", "message", "parent", "model"}
    assert text_of(tokens) == FORTY
    assert tokens[-1].id == f"{generation}:40"
    assert outcome.id == f"{generation}:end"
    assert outcome.data["status"] == "completed"
    assert outcome.data["reason"] == "stop"
    assert outcome.data["usage"] == {"prompt_tokens": 40, "completion_tokens": 40}
    assert outcome.data["timing"]["tokens"] == 40
    assert 2 <= outcome.data["timing"]["tokens_per_second"] <= 55
    assert len({event.at for event in tokens}) >= 5, "they came in many steps"


@over_each_protocol
async def test_a_response_begins_at_once_and_tells_proxies_not_to_wait(client: httpx.AsyncClient) -> None:
    gate = {"faults": [{"after": 0, "kind": "gate"}]}
    async with asked(client, "hello", script=gate) as response:
        reader = SseReader()
        arrived = response.aiter_raw()
        events = reader.feed(await anext(arrived))
        while not events:
            events = reader.feed(await anext(arrived))
        assert reader.comments == [" headwater".strip()]
        assert reader.retry == 1000
        assert [event.event for event in events] == ["start"]
        while "heartbeat" not in reader.comments:
            assert reader.feed(await anext(arrived)) == []
        await client.post(f"/api/scripted/gates/{events[0].data['generation']}")
        rest = [event async for data in arrived for event in reader.feed(data)]
    assert text_of(rest) == "hello"


async def test_the_first_token_is_with_the_client_as_soon_as_it_is_said(tmp_path: Path) -> None:
    """From opening a gate to the token in the client's hands, the way back and forth included."""
    delays = []
    with running(tmp_path, HEADWATER_FLUSH_MS="1000") as server:
        async with httpx.AsyncClient(base_url=server.tls_url, http2=True, verify=False) as client:
            for _ in range(15):
                async with asked(
                    client, "hello", script={"faults": [{"after": 0, "kind": "gate"}]}
                ) as response:
                    events = aiter(sse_events(response))
                    generation = (await anext(events)).data["generation"]
                    opened = time.monotonic()
                    opening = asyncio.create_task(client.post(f"/api/scripted/gates/{generation}"))
                    token = await anext(events)
                    assert token.data == {"token": "hello"}
                    delays.append(token.at - opened)
                    await opening
    assert min(delays) < 0.25


@over_each_protocol
async def test_the_outcome_tells_which_hop_the_first_token_waited_for(client: httpx.AsyncClient) -> None:
    """The body takes its time, then the model does; what is left is the way."""
    body = json.dumps(
        {"message": "hello", "model": "scripted/echo", "script": {"first_token_ms": 150}}
    ).encode()

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:10]
        await asyncio.sleep(0.2)
        yield body[10:]

    sent = time.monotonic()
    headers = {"Content-Type": "application/json"}
    async with client.stream("POST", "/api/chat", content=slowly(), headers=headers) as response:
        events = [event async for event in sse_events(response)]
    timing = events[-1].data["timing"]
    waited = (next(event.at for event in events if event.event == "message") - sent) * 1000
    assert timing["server_ms"] >= 100  # what is left of it, however late the first part was read
    assert timing["provider_ms"] >= 145
    assert timing["server_ms"] + timing["provider_ms"] <= waited + 3  # milliseconds, rounded


@over_each_protocol
async def test_ndjson_is_the_same_reply(client: httpx.AsyncClient) -> None:
    headers = {"Accept": "application/x-ndjson"}
    body = {"message": FORTY, "model": "scripted/echo"}
    async with client.stream("POST", "/api/chat", json=body, headers=headers) as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        assert response.headers["x-accel-buffering"] == "no"
        lines = [msgspec.json.decode(line) async for line in response.aiter_lines()]
    generation = lines[0]["generation"]
    assert (lines[0]["event"], lines[0]["cursor"]) == ("start", 0)
    assert "".join(line["token"] for line in lines if line["event"] == "token") == FORTY
    assert (lines[-1]["event"], lines[-1]["cursor"], lines[-1]["status"]) == ("outcome", "end", "completed")
    assert {line["generation"] for line in lines} == {generation}
    assert len(lines) >= 15


async def test_json_is_one_object_when_the_reply_is_complete(client: httpx.AsyncClient) -> None:
    body = {"message": "one two three", "model": "scripted/echo", "script": {"tokens_per_second": 1000}}
    response = await client.post("/api/chat", json=body, headers={"Accept": "application/json"})
    assert response.status_code == 200
    reply = response.json()
    assert set(reply) == {
        "generation", "conversation", "message", "parent", "model", "text", "reasoning", "outcome", "parts",
    }  # fmt: skip
    assert (reply["text"], reply["reasoning"], reply["outcome"]["status"]) == (
        "one two three",
        "",
        "completed",
    )
    assert reply["parts"] == [{"type": "text", "text": "one two three"}]
    assert response.headers["location"] == f"/api/generations/{reply['generation']}"


@over_each_protocol
async def test_json_names_the_reply_at_once_and_shows_that_it_runs(client: httpx.AsyncClient) -> None:
    """So that who waits for the whole can stop it, and no proxy takes the wait for a dead connection."""
    body = {
        "message": "one two",
        "model": "scripted/echo",
        "script": {"faults": [{"after": 1, "kind": "gate"}]},
    }
    headers = {"Accept": "application/json"}
    async with client.stream("POST", "/api/chat", json=body, headers=headers) as response:
        generation = response.headers["location"].removeprefix("/api/generations/")
        arrived = aiter(response.aiter_raw())
        said = b""
        while not said.endswith(b"  "):
            said += await anext(arrived)
        assert json.loads(said + b"}")["generation"] == generation
        await client.post(f"/api/scripted/gates/{generation}")
        said += b"".join([more async for more in arrived])
    assert json.loads(said)["text"] == "one two"


async def test_json_answers_200_whatever_the_outcome(client: httpx.AsyncClient) -> None:
    script = {"tokens_per_second": 1000, "faults": [{"after": 2, "kind": "error"}]}
    body = {"message": "one two three", "model": "scripted/echo", "script": script}
    response = await client.post("/api/chat", json=body, headers={"Accept": "application/json"})
    reply = response.json()
    assert response.status_code == 200
    assert reply["text"] == "one two"
    assert (reply["outcome"]["status"], reply["outcome"]["code"]) == ("failed", "provider_error")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "text/event-stream"),
        ("*/*", "text/event-stream"),
        ("text/event-stream", "text/event-stream"),
        ("text/*", "text/event-stream"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/*", "application/x-ndjson"),
        ("application/json", "application/json"),
        ("application/json, text/event-stream", "text/event-stream"),
        ("application/json, text/event-stream;q=0.5", "application/json"),
        ("application/json;q=0.4, application/x-ndjson;q=0.4", "application/x-ndjson"),
        ("text/html, application/json;q=0.9", "application/json"),
        ("text/event-stream; charset=utf-8", "text/event-stream"),
        ("application/json; charset=utf-8", "application/json"),
        ("application/json; charset=utf-8; q=0.3, application/x-ndjson; q=0.5", "application/x-ndjson"),
    ],
)
async def test_accept_chooses_the_transport(
    server: RunningServer, accept: str | None, media_type: str
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        del client.headers["Accept"]
        headers = {} if accept is None else {"Accept": accept}
        body = {"message": "hi", "model": "scripted/echo"}
        response = await client.post("/api/chat", json=body, headers=headers)
        assert response.headers["content-type"] == media_type


async def test_accept_may_come_in_several_lines(server: RunningServer) -> None:
    headers = [("Accept", "text/html"), ("Accept", "application/json")]
    body = {"message": "hi", "model": "scripted/echo"}
    response = httpx.post(f"{server.url}/api/chat", json=body, headers=headers)
    assert response.headers["content-type"] == "application/json"


async def test_turns_of_a_conversation_follow_each_other(client: httpx.AsyncClient) -> None:
    headers = {"Accept": "application/json"}
    body = {"message": "first", "model": "scripted/echo"}
    first = (await client.post("/api/chat", json=body, headers=headers)).json()
    body = {
        "message": "second",
        "model": "scripted/echo",
        "conversation": first["conversation"],
        "system": "Be",
    }
    second = (await client.post("/api/chat", json=body, headers=headers)).json()
    assert second["conversation"] == first["conversation"]
    assert second["parent"] not in {first["parent"], first["message"]}
    # What the model was given: the system prompt, both questions and the first reply, a word each.
    assert second["outcome"]["usage"]["prompt_tokens"] == 4
    beside = {**body, "parent": first["parent"], "system": None}
    branch = (await client.post("/api/chat", json=beside, headers=headers)).json()
    assert branch["outcome"]["usage"]["prompt_tokens"] == 2


async def test_a_question_asked_while_the_reply_runs_sees_what_it_has_said(client: httpx.AsyncClient) -> None:
    script = {"faults": [{"after": 2, "kind": "gate"}]}
    async with asked(client, "one two three", script=script) as response:
        events = aiter(sse_events(response))
        start = await anext(events)
        said = ""
        while said != "one two":
            said += text_of([await anext(events)])
        body = {"message": "next", "model": "scripted/echo", "conversation": start.data["conversation"]}
        reply = (await client.post("/api/chat", json=body, headers={"Accept": "application/json"})).json()
        assert reply["outcome"]["usage"]["prompt_tokens"] == 3 + 2 + 1
        await client.post(f"/api/generations/{start.data['generation']}/cancel")


async def test_an_idempotency_key_gives_one_generation(client: httpx.AsyncClient) -> None:
    await client.get("/api/models")
    headers = {"Idempotency-Key": "k1", "Accept": "application/json"}
    body = {"message": "one two three", "model": "scripted/echo"}
    replies = await asyncio.gather(*[client.post("/api/chat", json=body, headers=headers) for _ in range(4)])
    assert len({reply.json()["generation"] for reply in replies}) == 1
    again = await client.post("/api/chat", json={**body, "message": "other"}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    other = await client.post("/api/chat", json=body, headers={**headers, "Idempotency-Key": "k2"})
    assert other.json()["generation"] != replies[0].json()["generation"]


async def test_an_idempotency_key_of_a_refused_start_can_be_used_again(client: httpx.AsyncClient) -> None:
    await client.get("/api/models")
    headers = {"Idempotency-Key": "k3", "Accept": "application/json"}
    refused = await client.post("/api/chat", json={"message": " "}, headers=headers)
    assert refused.status_code == 400
    body = {"message": "hi", "model": "scripted/echo"}
    assert (await client.post("/api/chat", json=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("sent", ["GET", "POST", "regenerate"])
@over_each_protocol
async def test_the_same_request_resumes_where_it_was_cut_and_stops_at_the_end(
    client: httpx.AsyncClient, sent: str
) -> None:
    question = {"message": FORTY, "model": "scripted/echo"}
    start = functools.partial(client.build_request, "POST", "/api/chat", json=question)
    if sent == "GET":
        start = functools.partial(client.build_request, "GET", "/api/chat", params=question)
    elif sent == "regenerate":
        async with asked(client, FORTY) as response:
            first = (await anext(sse_events(response))).data
        path = f"/api/conversations/{first['conversation']}/messages/{first['parent']}/replies"
        start = functools.partial(client.build_request, "POST", path)
    seen = []
    response = await client.send(start(), stream=True)
    async for event in sse_events(response):
        seen.append(event)
        if len(text_of(seen).split()) >= 10:
            break
    await response.aclose()
    resume = {"Last-Event-ID": seen[-1].id}
    response = await client.send(start(headers=resume), stream=True)
    resumed = [event async for event in sse_events(response)]
    assert resumed[0].event == "start"
    assert resumed[0].id == seen[-1].id
    assert text_of(seen) + text_of(resumed) == FORTY
    whole = await client.send(start(headers=resume | {"Accept": "application/json"}))
    assert whole.json()["text"] == FORTY
    done = await client.send(start(headers={"Last-Event-ID": resumed[-1].id}))
    assert (done.status_code, done.content) == (204, b"")
