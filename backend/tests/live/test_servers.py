"""Two servers on one PostgreSQL: a reply runs on the one, and everything else happens on the other."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from math import inf
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import URL

from headwater.ids import new_id
from tests.postgresql import create, new_database
from tests.running import RunningServer, SseEvent, SseReader, text_of

ABANDON_AFTER = 1.5
"""Seconds after which these servers stop a reply that nobody reads."""

WORDS = " ".join(f"w{n}" for n in range(200))


@dataclass
class Servers:
    """Two servers, and a client of each; both clients are the same person."""

    first: RunningServer
    second: RunningServer
    writer: httpx.AsyncClient
    reader: httpx.AsyncClient


@contextmanager
def two_servers(folder: Path, *databases: URL, **more: str) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers on a database; each may have a URL of its own for it."""
    with servers_of((RunningServer, RunningServer), folder, *databases, **more) as both:
        yield both


@contextmanager
def servers_of(
    kinds: tuple[type[RunningServer], type[RunningServer]], folder: Path, *databases: URL, **more: str
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """The same, of these kinds."""
    environment = {
        "HEADWATER_HEARTBEAT": "0.2",
        "HEADWATER_ABANDON_AFTER": str(ABANDON_AFTER),
        **more,
    }
    servers = []
    try:
        for name, kind, url in zip(("first", "second"), kinds, cycle(databases), strict=False):
            (folder / name).mkdir()
            way = url.set(drivername="postgresql").render_as_string(hide_password=False)
            server = kind(folder / name, {"HEADWATER_DATABASE_URL": way, **environment})
            servers.append(server.wait_until_ready())
        yield servers[0], servers[1]
    finally:
        for server in servers:
            server.stop()
    for server in servers:
        assert "Traceback" not in server.log, server.log


@asynccontextmanager
async def clients_of(first: RunningServer, second: RunningServer) -> AsyncIterator[Servers]:
    async with (
        httpx.AsyncClient(base_url=first.url, timeout=40) as writer,
        httpx.AsyncClient(base_url=second.url, timeout=40) as reader,
    ):
        token = (await writer.get("/api/models")).headers["headwater-client"]
        for client in (writer, reader):
            client.headers["headwater-client"] = token
        yield Servers(first, second, writer, reader)


@pytest.fixture(scope="module")
def lasting(
    postgresql_url: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers for all tests that leave them alive."""
    with (
        asyncio.Runner() as runner,
        two_servers(tmp_path_factory.mktemp("servers"), runner.run(created(postgresql_url))) as servers,
    ):
        yield servers


async def created(server: URL) -> URL:
    return server.set(database=await create(server, "template0"))


@pytest.fixture
async def servers(lasting: tuple[RunningServer, RunningServer]) -> AsyncIterator[Servers]:
    async with clients_of(*lasting) as both:
        yield both


@pytest.fixture
async def mortal(postgresql_url: URL, postgresql_template: str, tmp_path: Path) -> AsyncIterator[Servers]:
    """Two servers for one test."""
    async with new_database(postgresql_url, postgresql_template) as url:
        with two_servers(tmp_path, url) as both:
            async with clients_of(*both) as servers:
                yield servers


async def start(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    """Start a reply and leave; the ids of its parts."""
    script = {"tokens_per_second": 100} | more.pop("script", {})
    body = {"message": WORDS, "model": "scripted/echo", "script": script, **more}
    async with client.stream("POST", "/api/chat", json=body) as response:
        assert response.status_code == 200, await response.aread()
        events = SseReader()
        async for data in response.aiter_raw():
            for event in events.feed(data):
                return dict(event.data)
    raise AssertionError("a reply begins with its start")


@asynccontextmanager
async def chat(client: httpx.AsyncClient, name: str, rate: float) -> AsyncIterator[str]:
    """A reply that `useChat` starts, which is read for as long as the block; yields its generation."""
    message = {"role": "user", "parts": [{"type": "text", "text": WORDS}]}
    script = {"tokens_per_second": rate}
    body = {"id": name, "messages": [message], "model": "scripted/echo", "script": script}
    async with client.stream("POST", "/api/ui-message-stream", json=body) as response:
        assert response.status_code == 200, await response.aread()
        yield response.headers["location"].rpartition("/")[2]


async def read(
    client: httpx.AsyncClient, generation: str, after: float = 0, until: float = inf
) -> list[SseEvent]:
    """A reply from a cursor to its end, or to another cursor."""
    events = SseReader()
    read: list[SseEvent] = []
    url = f"/api/generations/{generation}/events"
    async with client.stream("GET", url, headers={"last-event-id": f"{generation}:{after}"}) as response:
        assert response.status_code == 200, await response.aread()
        async for data in response.aiter_raw():
            read += events.feed(data)
            if read and cursor_of(read[-1]) >= until:
                break
    return read


def cursor_of(event: SseEvent) -> float:
    cursor = event.id.rpartition(":")[2]
    return inf if cursor == "end" else int(cursor)


async def opened(client: httpx.AsyncClient, conversation: str) -> dict[str, Any]:
    response = await client.get(f"/api/conversations/{conversation}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_a_reply_is_read_elsewhere_while_it_runs(servers: Servers) -> None:
    started = await start(servers.writer)
    events = await read(servers.reader, started["generation"])
    assert (text_of(events), events[-1].data["status"]) == (WORDS, "completed")
    assert len({event.at for event in events}) > 5


async def test_a_reader_goes_from_server_to_server_and_gets_each_event_once(servers: Servers) -> None:
    started = await start(servers.writer)
    events: list[SseEvent] = []
    clients = cycle((servers.reader, servers.writer))
    while not events or events[-1].event == "message":
        after = cursor_of(events[-1]) if events else 0
        events += await read(next(clients), started["generation"], after, until=after + 17)
    assert (text_of(events), events[-1].data["status"]) == (WORDS, "completed")


async def test_a_conversation_is_whole_elsewhere_while_its_reply_runs(servers: Servers) -> None:
    started = await start(servers.writer)
    await read(servers.reader, started["generation"], until=30)
    conversation = await opened(servers.reader, started["conversation"])
    reply = conversation["messages"][-1]
    assert reply["outcome"] is None
    assert conversation["running"]
    assert WORDS.startswith(reply["text"])
    assert len(reply["text"].split()) >= 20
    listed = (await servers.reader.get("/api/conversations")).json()["conversations"]
    assert [each["running"] for each in listed if each["id"] == started["conversation"]] == [True]
    rest = await read(servers.reader, started["generation"], reply["cursor"])
    assert reply["text"] + text_of(rest) == WORDS


async def test_a_reply_is_stopped_elsewhere(servers: Servers) -> None:
    started = await start(servers.writer, script={"tokens_per_second": 5})
    reading = asyncio.create_task(read(servers.writer, started["generation"]))
    await read(servers.reader, started["generation"], until=2)
    response = await servers.reader.post(f"/api/generations/{started['generation']}/cancel")
    assert response.status_code == 202
    async with asyncio.timeout(10):
        events = await reading
    assert events[-1].data["status"] == "cancelled"
    assert events[-1].data["by"] == "user"
    again = await read(servers.reader, started["generation"])
    assert text_of(again) == text_of(events)


async def test_the_same_id_on_both_servers_at_once_is_one_reply(servers: Servers) -> None:
    ids = {"generation": new_id("gen"), "reply": new_id("msg"), "conversation": new_id("conv")}
    started = await asyncio.gather(*(start(each, ids=ids) for each in (servers.writer, servers.reader) * 3))
    assert {each["generation"] for each in started} == {ids["generation"]}
    for client in (servers.reader, servers.writer):
        assert text_of(await read(client, ids["generation"])) == WORDS
    assert len((await opened(servers.reader, ids["conversation"]))["messages"]) == 2


async def test_an_id_is_refused_elsewhere_for_another_request(servers: Servers) -> None:
    ids = {"generation": new_id("gen")}
    await start(servers.writer, ids=ids)
    body = {"message": "something else", "model": "scripted/echo", "ids": ids}
    refused = await servers.reader.post("/api/chat", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_a_running_reply_is_not_regenerated_elsewhere(servers: Servers) -> None:
    started = await start(servers.writer)
    path = f"/api/conversations/{started['conversation']}/messages/{started['message']}/replies"
    refused = await servers.reader.post(path, json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict"), refused.text


async def test_what_changes_is_announced_elsewhere(servers: Servers) -> None:
    started = await start(servers.writer)
    async with servers.reader.stream("GET", "/api/conversations/events") as response:
        events = SseReader()
        chunks = response.aiter_raw()
        events.feed(await anext(chunks))
        renamed = {"title": "another title"}
        path = f"/api/conversations/{started['conversation']}"
        assert (await servers.writer.patch(path, json=renamed)).status_code == 200
        async with asyncio.timeout(10):
            async for data in chunks:
                if any(started["conversation"] in event.data["conversations"] for event in events.feed(data)):
                    return
    pytest.fail("the feed ended")


async def test_a_reply_that_is_read_elsewhere_goes_on_and_one_that_nobody_reads_does_not(
    servers: Servers,
) -> None:
    lasts = 2 * ABANDON_AFTER
    read_on = await start(servers.writer, script={"tokens_per_second": len(WORDS.split()) / lasts})
    events = await read(servers.reader, read_on["generation"])
    assert events[-1].data["status"] == "completed"
    left = await start(servers.writer, script={"tokens_per_second": 5})
    await read(servers.reader, left["generation"], until=2)
    events = await read_when_closed(servers.writer, left["generation"])
    assert events[-1].data["status"] == "cancelled"
    assert events[-1].data["by"] == "abandoned"


async def read_when_closed(client: httpx.AsyncClient, generation: str) -> list[SseEvent]:
    """A reply, once it has ended though nobody reads it."""
    async with asyncio.timeout(20):
        while (await client.get(f"/api/generations/{generation}")).json()["outcome"] is None:
            pass
    return await read(client, generation)


@pytest.mark.parametrize("for_good", [False, True])
async def test_a_reply_whose_conversation_is_deleted_elsewhere_ends(servers: Servers, for_good: bool) -> None:
    started = await start(servers.writer, script={"tokens_per_second": 5})
    async with chat(servers.writer, "mine", rate=5) as unstored:
        names = (started["generation"], unstored) if for_good else (started["generation"],)
        readings = [asyncio.create_task(read(servers.writer, name)) for name in names]
        await read(servers.reader, started["generation"], until=2)
        path = "" if for_good else f"/{started['conversation']}"
        response = await servers.reader.delete(f"/api/conversations{path}")
        assert response.status_code == 204, response.text
        async with asyncio.timeout(10):
            ends = await asyncio.gather(*readings)
    assert {events[-1].data["status"] for events in ends} == {"cancelled"}


async def test_a_chat_that_is_not_stored_is_resumed_elsewhere(servers: Servers) -> None:
    async with chat(servers.writer, "mine", rate=100) as generation:
        resumed = await servers.reader.get("/api/ui-message-stream/mine/stream")
        assert resumed.headers["x-vercel-ai-ui-message-stream"] == "v1"
        deltas = [part.partition('"delta":"')[2].partition('"')[0] for part in resumed.text.split("\n")]
        assert "".join(deltas) == WORDS
        rest = await read(servers.reader, generation, after=150)
        assert (text_of(rest), rest[-1].data["status"]) == (WORDS[WORDS.index(" w150") :], "completed")
    for name in ("mine", "%00"):
        assert (await servers.reader.get(f"/api/ui-message-stream/{name}/stream")).status_code == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": WORDS}]}),
        ("/v1/responses", {"input": WORDS, "store": False}),
    ],
)
async def test_what_is_not_stored_is_followed_and_stopped_elsewhere(
    servers: Servers, path: str, body: dict[str, Any]
) -> None:
    body |= {"model": "scripted/echo", "stream": True, "script": {"tokens_per_second": 20}}
    async with servers.writer.stream("POST", path, json=body) as running:
        generation = running.headers["location"].rpartition("/")[2]
        assert WORDS.startswith(text_of(await read(servers.reader, generation, until=5)))
        response = generation.replace("gen_", "resp_")
        for client in (servers.writer, servers.reader):
            assert (await client.get(f"/v1/responses/{response}")).status_code == 404
        stopped = await servers.reader.post(f"/api/generations/{generation}/cancel")
        assert (stopped.status_code, stopped.json()["outcome"]) == (202, None)
        async with asyncio.timeout(10):
            await running.aread()
            events = await read(servers.reader, generation)
    assert (events[-1].data["status"], events[-1].data["by"]) == ("cancelled", "user")
    assert len(text_of(events).split()) >= 5


async def test_what_is_deleted_for_good_is_gone_on_all_servers(servers: Servers) -> None:
    started = await start(servers.writer)
    path = f"/api/generations/{started['generation']}"
    assert text_of(await read(servers.reader, started["generation"])) == WORDS
    assert (await servers.writer.get(path)).status_code == 200
    assert (await servers.reader.delete("/api/conversations")).status_code == 204
    for client in (servers.reader, servers.writer):
        assert (await client.get(path)).status_code == 404


async def test_a_silent_reply_ends_elsewhere_when_it_is_deleted_for_good(servers: Servers) -> None:
    started = await start(servers.writer, script={"faults": [{"after": 3, "kind": "gate"}]})
    reading = asyncio.create_task(read(servers.writer, started["generation"]))
    await read(servers.reader, started["generation"], until=2)
    assert (await servers.reader.delete("/api/conversations")).status_code == 204
    async with asyncio.timeout(10):
        assert (await reading)[-1].data["status"] == "cancelled"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_a_cursor_ahead_is_refused_elsewhere_once_the_reply_has_ended(
    servers: Servers, accept: str
) -> None:
    started = await start(servers.writer)
    path, ahead = f"/api/generations/{started['generation']}/events", {"after": "100000", "wait": "20"}
    headers = {"accept": accept}
    async with asyncio.timeout(20):
        waited = await servers.reader.get(path, params=ahead, headers=headers)
        if accept != "application/json":
            assert (waited.status_code, text_of(SseReader().feed(waited.content))) == (200, "")
            waited = await servers.reader.get(path, params=ahead, headers=headers)
    assert (waited.status_code, waited.json()["code"]) == (409, "cursor_ahead")


async def test_a_file_is_imported_on_both_servers_at_once(servers: Servers) -> None:
    await start(servers.writer, script={"tokens_per_second": 10_000})
    archive = (await servers.writer.get("/api/conversations/export")).json()
    async with clients_of(servers.first, servers.second) as somebody_else:
        clients = (somebody_else.writer, somebody_else.reader)
        for _ in range(3):
            answers = await asyncio.gather(
                *(client.post("/api/conversations/import", json=archive) for client in clients * 2)
            )
            assert [answer.status_code for answer in answers] == [201] * 4, [each.text for each in answers]
            listed = (await somebody_else.reader.get("/api/conversations")).json()["conversations"]
            assert len(listed) == len(archive["conversations"])
            assert (await somebody_else.reader.delete("/api/conversations")).status_code == 204


async def test_the_reply_of_a_killed_server_ends_for_its_readers_elsewhere(mortal: Servers) -> None:
    started = await start(mortal.writer, script={"tokens_per_second": 20})
    with suppress(httpx.RemoteProtocolError):  # the chat is cut
        async with chat(mortal.writer, "mine", rate=20) as unstored:
            names = (started["generation"], unstored)
            readings = [asyncio.create_task(read(mortal.reader, name)) for name in names]
            seen = [await read(mortal.reader, name, until=20) for name in names]
            mortal.first.process.kill()
            async with asyncio.timeout(25):
                ends = await asyncio.gather(*readings)
    for events, before in zip(ends, seen, strict=True):
        assert events[-1].data["status"] == "interrupted"
        assert WORDS.startswith(text_of(events))
        assert text_of(events).startswith(text_of(before))
    events = ends[0]
    reply = (await opened(mortal.reader, started["conversation"]))["messages"][-1]
    assert (reply["text"], reply["outcome"]["status"]) == (text_of(events), "interrupted")


async def test_a_server_that_ends_leaves_what_it_said_to_readers_elsewhere(mortal: Servers) -> None:
    started = await start(mortal.writer, script={"tokens_per_second": 20})
    async with chat(mortal.writer, "mine", rate=20) as unstored:
        names = (started["generation"], unstored)
        readings = [asyncio.create_task(read(mortal.reader, name)) for name in names]
        readings.append(asyncio.create_task(read(mortal.writer, unstored)))
        for name in names:
            await read(mortal.reader, name, until=20)
        mortal.first.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            events, *both = await asyncio.gather(*readings)
    assert events[-1].data["status"] == both[0][-1].data["status"] == "interrupted"
    assert text_of(both[0]) == text_of(both[1])
    reply = (await opened(mortal.reader, started["conversation"]))["messages"][-1]
    assert reply["text"] == text_of(events)
