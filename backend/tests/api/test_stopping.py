"""A reply that is stopped is stopped at the model server too, and what was said of it stays, exactly."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import h2.config
import h2.connection
import h2.events
import httpx
import pytest

from tests.exposition import until
from tests.providers.model_server import DONE, Answer, ModelServer, Script, delta, model_server
from tests.running import RunningServer, SseEvent, asked, free_port, running, sse_events, text_of

SOON = 10
"""Seconds within which a stop has to have reached the model server; left alone, a model has 30."""

GRACE = 0.5
"""Seconds without a reader before a reply is abandoned."""

RACES = 100

MODEL = {"model": "openai/small"}


@pytest.fixture(scope="module")
def model_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def stopping_server(tmp_path_factory: pytest.TempPathFactory, model_port: int) -> Iterator[RunningServer]:
    """A server whose models are those of whichever model server listens at `model_port`."""
    with running(
        tmp_path_factory.mktemp("stopping"),
        OPENAI_BASE_URL=f"http://127.0.0.1:{model_port}/v1",
        HEADWATER_OPENAI_MODELS="small",
        HEADWATER_ABANDON_AFTER=str(GRACE),
    ) as server:
        yield server


@pytest.fixture
async def reader(stopping_server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    """Who asks and follows."""
    async with httpx.AsyncClient(base_url=stopping_server.url, timeout=20) as client:
        await client.get("/api/models")
        yield client


@pytest.fixture
async def stopper(
    stopping_server: RunningServer, reader: httpx.AsyncClient
) -> AsyncIterator[httpx.AsyncClient]:
    """The same person, over another connection and the other protocol."""
    async with httpx.AsyncClient(
        base_url=stopping_server.tls_url, http2=True, verify=False, timeout=20, cookies=reader.cookies
    ) as client:
        yield client


async def silent(answer: Answer) -> None:
    await answer.until_the_client_leaves()


async def stalls_before_the_first_token(answer: Answer) -> None:
    await answer.start()
    await answer.until_the_client_leaves()


async def stalls_in_mid_reply(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("one"), delta(" two"))
    await answer.until_the_client_leaves()


async def flows(answer: Answer) -> None:
    await answer.start()
    for number in count():
        await answer.send(delta(f" {number}"))
        await asyncio.sleep(0.001)


async def trickles(answer: Answer) -> None:
    await answer.start()
    for number in count():
        for byte in delta(f" {number}"):
            await answer.send(bytes([byte]))
            await asyncio.sleep(0)


async def stalls_inside_a_character(answer: Answer) -> None:
    await answer.start()
    cut = '{"choices":[{"index":0,"delta":{"content":" 🌊'.encode()[:-2]
    await answer.send(delta("one"), delta(" Grüße"), b"data: " + cut)
    await answer.until_the_client_leaves()


async def stalls_inside_a_huge_frame(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("one"), delta(" " + "x" * 300_000), delta("y" * 3_000_000)[:-4])
    await answer.until_the_client_leaves()


NUMBERS = "".join(f" {number}" for number in range(100_000))


@pytest.mark.parametrize(
    ("script", "awaited", "most"),
    [
        (silent, "", ""),
        (stalls_before_the_first_token, "", ""),
        (stalls_in_mid_reply, "one two", "one two"),
        (flows, " 0 1 2", NUMBERS),
        (trickles, " 0 1 2", NUMBERS),
        (stalls_inside_a_character, "one Grüße", "one Grüße"),
        (stalls_inside_a_huge_frame, "one " + "x" * 300_000, "one " + "x" * 300_000),
    ],
)
async def test_a_stop_reaches_the_model_server_at_once_and_keeps_what_was_said(
    reader: httpx.AsyncClient,
    stopper: httpx.AsyncClient,
    model_port: int,
    script: Script,
    awaited: str,
    most: str,
) -> None:
    async with model_server(script, port=model_port) as models, asked(reader, "hello", **MODEL) as response:
        events = aiter(sse_events(response))
        seen = [await anext(events)]
        answer = await answering(models)
        while not text_of(seen).startswith(awaited):
            seen.append(await anext(events))
        path = response.headers["location"]
        assert (await stopper.post(f"{path}/cancel")).status_code == 202
        async with asyncio.timeout(SOON):
            await answer.left
        seen += [event async for event in events]
        assert (seen[-1].data["status"], seen[-1].data["by"]) == ("cancelled", "user")
        assert await kept(reader, seen) == text_of(seen)
    assert awaited <= text_of(seen)
    assert most.startswith(text_of(seen))


async def test_who_leaves_takes_the_model_server_along_after_a_while(
    reader: httpx.AsyncClient, model_port: int
) -> None:
    async with model_server(stalls_in_mid_reply, port=model_port) as models:
        async with asked(reader, "hello", **MODEL) as response:
            seen = []
            async for event in sse_events(response):
                seen.append(event)
                if text_of(seen) == "one two":
                    break
            left = asyncio.get_running_loop().time()
        async with asyncio.timeout(GRACE + SOON):
            assert await models.asked[0].left - left >= GRACE
        async with reader.stream("GET", f"{response.headers['location']}/events") as again:
            seen = [event async for event in sse_events(again)]
        assert (seen[-1].data["status"], seen[-1].data["by"]) == ("cancelled", "abandoned")
        assert await kept(reader, seen) == text_of(seen) == "one two"


async def test_whatever_comes_first_a_reply_ends_once(
    reader: httpx.AsyncClient, stopper: httpx.AsyncClient, model_port: int
) -> None:
    """A stop, the model's own end and a resumption at one time, in every order."""
    ends = [asyncio.Event() for _ in range(RACES)]

    async def ends_when_told(answer: Answer) -> None:
        messages: Any = answer.body["messages"]
        await answer.start()
        await answer.send(delta("one"))
        await ends[int(messages[-1]["content"])].wait()
        await answer.send(delta(" two", finish="stop"), DONE)

    async def race(number: int) -> str:
        """One in ten ends before it is stopped and one in ten is stopped before it ends, for certain."""
        order = {0: "end first", 9: "stop first"}.get(number % 10, "race")
        stopped = asyncio.Event()
        async with asked(reader, str(number), **MODEL) as response:
            events = aiter(sse_events(response))
            seen = [await anext(events), await anext(events)]
            assert text_of(seen) == "one", seen
            path = response.headers["location"]

            async def stop() -> None:
                if order == "end first":
                    async with stopper.stream("GET", f"{path}/events") as following:
                        await following.aread()
                assert (await stopper.post(f"{path}/cancel")).status_code in {200, 202}
                stopped.set()

            async def end() -> None:
                if order == "stop first":
                    await stopped.wait()
                elif order == "race":
                    await asyncio.sleep(number % 10 * 0.01)  # about when a stop arrives
                ends[number].set()

            async def resume() -> list[SseEvent]:
                headers = {"Last-Event-ID": seen[-1].id}
                async with stopper.stream("GET", f"{path}/events", headers=headers) as again:
                    return [event async for event in sse_events(again)]

            work = [stop, end, resume]
            work = work[number % 3 :] + work[: number % 3]
            done = await asyncio.gather(*[do() for do in (work if number % 2 else reversed(work))])
            seen += [event async for event in events]
        (resumed,) = [found for found in done if found is not None]
        for events_seen in (seen, resumed):
            assert [event.event for event in events_seen].count("outcome") == 1
        assert resumed[-1] == seen[-1]
        assert "one" + text_of(resumed) == text_of(seen) == await kept(reader, seen)
        status: str = seen[-1].data["status"]
        assert status in {"completed", "cancelled"}
        assert status == "cancelled" or text_of(seen) == "one two"
        again = await reader.post(f"{path}/cancel")
        assert (again.status_code, again.json()["outcome"]["status"]) == (200, status)
        return status

    room = asyncio.Semaphore(10)

    async def in_turn(number: int) -> str:
        async with room:
            return await race(number)

    async with model_server(*[ends_when_told] * RACES, port=model_port):
        ended = await asyncio.gather(*[in_turn(number) for number in range(RACES)])
    assert {*ended[::10]} == {"completed"}
    assert {*ended[9::10]} == {"cancelled"}


async def test_what_is_asked_and_reset_leaves_nothing_that_runs_on(tmp_path: Path) -> None:
    """500 questions, each reset in the packet that asks it or in the next one."""
    path = "/api/chat?" + urlencode({"message": "on and on " * 200, "model": "scripted/echo"})
    with running(tmp_path, HEADWATER_MAX_ACTIVE="1000", HEADWATER_ABANDON_AFTER="1") as server:
        for at_once in (True, False) * 5:
            http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
            http.initiate_connection()
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for _ in range(50):
                stream = http.get_next_available_stream_id()
                pseudo = {":method": "GET", ":scheme": "http", ":path": path, ":authority": "127.0.0.1"}
                http.send_headers(stream, list(pseudo.items()), end_stream=True)
                if not at_once:
                    writer.write(http.data_to_send())
                http.reset_stream(stream)
                writer.write(http.data_to_send())
                await writer.drain()
            http.ping(b"all read")
            writer.write(http.data_to_send())
            async with asyncio.timeout(60):
                while not any(
                    isinstance(event, h2.events.PingAckReceived)
                    for event in http.receive_data(await reader.read(65_536))
                ):
                    pass
            writer.close()
        async with httpx.AsyncClient(base_url=server.url) as client:
            figures = await until(client, active=0, followers=0, seconds=60)
    ends = {name for name, count in figures.items() if "generations_total{" in name and count > 0}
    assert ends <= {"headwater_generations_total{code=abandoned,status=cancelled}"}


async def answering(models: ModelServer) -> Answer:
    """The first request that the model server gets."""
    async with asyncio.timeout(5):
        while not models.asked:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    return models.asked[0]


async def kept(client: httpx.AsyncClient, seen: list[SseEvent]) -> str:
    """What its conversation has of a reply, which is what its generation has; as it is ended."""
    start, outcome = seen[0].data, seen[-1].data
    generation = (await client.get(f"/api/generations/{start['generation']}")).json()
    conversation = (await client.get(f"/api/conversations/{start['conversation']}")).json()
    (message,) = [found for found in conversation["messages"] if found["id"] == start["message"]]
    assert generation["outcome"] == message["outcome"] == outcome
    assert generation["text"] == message["text"]
    text: str = message["text"]
    return text
