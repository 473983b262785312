"""Hours of replies in minutes, with every fault that can occur: what is lost, and how memory develops.

    cd backend && ../.venv/bin/python -m benchmarks.soak                # about six minutes
    cd backend && ../.venv/bin/python -m benchmarks.soak --minutes 0.5  # each phase for so long

First come readers that disconnect, poll and cancel, and a model server that trickles, stalls and breaks off;
then hundreds of readers that stop reading; then servers that are stopped, paused and killed while replies
run. Every reply is compared with the expected text. The first wrong one ends the benchmark with status 1.
"""

import argparse
import asyncio
import random
import signal
import socket
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from tests.providers.model_server import DONE, Answer, Script, delta, model_server
from tests.running import RunningServer, SseEvent, SseReader, sse_events, text_of

READERS = 40
STALLED, REPEATED = 300, 24
STREAMS = 50
"""Streams of one connection over HTTP/2; this client allows at most 100."""
REAL_PACE = 50
"""Tokens per second of a typical reply, to express the total in hours."""

SAVED_WITHIN = 1.0
"""On an idle machine, a crash loses nothing that is older than this many seconds."""

LOST_AT_MOST = 3.0
"""While all of this shares two cores, a crash may lose nothing that is older than this many seconds."""

UNICODE = "Ein Fluß fließt, 川は流れる, река течёт, 🌊🏞️ — "
FAULTS = {
    "fine": ("completed", None),
    "trickle": ("completed", None),
    "huge": ("completed", None),
    "malformed": ("failed", "provider_error"),
    "cut": ("failed", "provider_error"),
    "unfinished": ("failed", "provider_error"),
    "stall": ("failed", "idle_timeout"),
    "nothing": ("failed", "first_token_timeout"),
}
HUGE = UNICODE * 2_000
TIMEOUTS = {"HEADWATER_FIRST_TOKEN_TIMEOUT": "1", "HEADWATER_IDLE_TIMEOUT": "1"}


async def misbehave(answer: Answer) -> None:
    """Behave according to the fault that the message names."""
    messages: Any = answer.body["messages"]
    fault = messages[-1]["content"]
    await answer.start()
    if fault == "nothing":
        return await answer.until_the_client_leaves()
    if fault == "huge":
        return await answer.send(delta(HUGE), delta(finish="stop"), DONE)
    deltas = [delta(UNICODE) for _ in range(3)]
    if fault == "trickle":
        data = b"".join([*deltas, delta(finish="stop"), DONE])
        return await answer.send(*(data[at : at + 1] for at in range(len(data))))
    await answer.send(*deltas)
    match fault:
        case "stall":
            await answer.until_the_client_leaves()
        case "malformed":
            await answer.send(b'data: {"choices": [\n\n')
        case "cut":
            answer.reset()
        case "fine":
            await answer.send(delta(finish="stop"), DONE)
    return None


class Endless(list[Script]):
    """The same script for every request."""

    def pop(self, _: object = 0) -> Script:
        return misbehave


@dataclass
class Soak:
    """Clients, counts, sizes of the server (in MiB), and losses by kills (in seconds of text)."""

    dice: random.Random
    token: str = ""
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    sizes: list[float] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)

    @property
    def client(self) -> httpx.AsyncClient:
        return self.dice.choice(self.clients)

    def message(self, words: int) -> str:
        return " ".join(f"{self.dice.choice(UNICODE.split())}{n}" for n in range(words))


def request_body(message: str, **script: float) -> dict[str, Any]:
    return {"message": message, "model": "scripted/echo", "script": {"tokens_per_second": 400, **script}}


def resume_request(events: list[SseEvent]) -> tuple[str, dict[str, str]]:
    generation = events[0].data["generation"]
    return f"/api/generations/{generation}/events", {
        "Accept": "text/event-stream",
        "Last-Event-ID": events[-1].id,
    }


async def some(response: httpx.Response, most: int) -> AsyncIterator[SseEvent]:
    """The events of a response within its first `most` bytes."""
    count = 0
    reader = SseReader()
    async for data in response.aiter_raw():
        for event in reader.feed(data[: most - count]):
            yield event
        count += len(data)
        if count >= most:
            return


async def read_whole(
    soak: Soak, client: httpx.AsyncClient, body: dict[str, Any], cut: float
) -> list[SseEvent]:
    """Read a reply to its outcome. Each response is cut after random bytes with probability `cut`."""
    events: list[SseEvent] = []
    request: dict[str, Any] = {"method": "POST", "url": "/api/chat", "json": body}
    while not events or events[-1].event != "outcome":
        most = soak.dice.randrange(600, 6_000) if soak.dice.random() < cut else 2**40
        async with client.stream(**request) as response:
            assert response.status_code == 200, (response.status_code, await response.aread())
            new = [event async for event in some(response, most)]
        events += new if not events else [event for event in new if event.event != "start"]
        if not events:
            continue  # cut before its id arrived: start another reply
        if most < 2**40:
            soak.counts["cuts"] += 1
        path, headers = resume_request(events)
        request = {"method": "GET", "url": path, "headers": headers}
    cursors = [int(event.id.partition(":")[2]) for event in events[:-1]]
    assert cursors == sorted(set(cursors)), cursors
    return events


async def reads(soak: Soak) -> None:
    message = soak.message(soak.dice.randrange(20, 400))
    events = await read_whole(soak, soak.client, request_body(message), cut=0.5)
    assert text_of(events) == message
    assert events[-1].data["status"] == "completed", events[-1]
    soak.counts["tokens"] += events[-1].data["timing"]["tokens"]


async def asks_for_all(soak: Soak) -> None:
    message = soak.message(200)
    response = await soak.client.post(
        "/api/chat", json=request_body(message), headers={"Accept": "application/json"}
    )
    assert response.json()["text"] == message
    soak.counts["tokens"] += response.json()["outcome"]["timing"]["tokens"]


async def cancels(soak: Soak) -> None:
    """Cancel from another connection, at any moment. What is stored is what the reader got."""
    message, client = soak.message(400), soak.client
    async with client.stream("POST", "/api/chat", json=request_body(message)) as response:
        events = aiter(sse_events(response))
        seen = [await anext(events)]
        stop = soak.dice.randrange(1, 30)
        async for event in events:
            seen.append(event)
            if len(seen) == stop:
                answer = await client.post(f"/api/generations/{seen[0].data['generation']}/cancel")
                assert answer.status_code in {200, 202}
    assert message.startswith(text_of(seen))
    assert seen[-1].data["status"] in {"cancelled", "completed"}
    stored = (await client.get(f"/api/generations/{seen[0].data['generation']}")).json()
    assert stored["text"] == text_of(seen)
    assert stored["outcome"] == seen[-1].data
    soak.counts["cancelled"] += 1
    soak.counts["tokens"] += seen[-1].data["timing"]["tokens"]


async def polls(soak: Soak) -> None:
    message, client = soak.message(200), soak.client
    async with client.stream("POST", "/api/chat", json=request_body(message)) as response:
        start = await anext(aiter(sse_events(response)))
    path = f"/api/generations/{start.data['generation']}/events"
    text, cursor, outcome = "", 0, None
    while outcome is None:
        page = (
            await client.get(
                path, params={"after": cursor, "wait": 5}, headers={"Accept": "application/json"}
            )
        ).json()
        text += "".join(event["token"] for event in page["events"] if event["event"] == "token")
        cursor, outcome = page["cursor"], page["outcome"]
    assert text == message
    soak.counts["tokens"] += outcome["timing"]["tokens"]


async def meets_a_fault(soak: Soak) -> None:
    fault, (status, code) = soak.dice.choice(list(FAULTS.items()))
    body = {"message": fault, "model": "openai/any"}
    events = await read_whole(soak, soak.client, body, cut=0.2)
    outcome = events[-1].data
    assert (outcome["status"], outcome.get("code")) == (status, code), (fault, outcome)
    expected = {"nothing": "", "huge": HUGE}.get(fault, UNICODE * 3)
    assert text_of(events) == expected, fault
    soak.counts[f"fault: {fault}"] += 1


BEHAVIOURS: list[Callable[[Soak], Awaitable[None]]] = [
    *[reads] * 5,
    asks_for_all,
    cancels,
    polls,
    *[meets_a_fault] * 2,
]


def new_client(url: str, token: str) -> httpx.AsyncClient:
    """A client that uses HTTP/2 over TLS."""
    limits = httpx.Limits(max_connections=2_000)
    headers = {"headwater-client": token} if token else {}
    two = url.startswith("https:")
    return httpx.AsyncClient(
        base_url=url, http2=two, verify=False, timeout=60, limits=limits, headers=headers
    )


@asynccontextmanager
async def clients(soak: Soak, server: RunningServer) -> AsyncIterator[None]:
    """Set clients over both versions of HTTP, all with the same token."""
    async with new_client(server.url, soak.token) as plain:
        soak.token = soak.token or (await plain.get("/api/models")).headers["headwater-client"]
        plain.headers["headwater-client"] = soak.token
        async with new_client(server.tls_url, soak.token) as tls:
            soak.clients = [plain, tls]
            yield


def size(server: RunningServer) -> float:
    """The memory of the server's process, in MiB."""
    output = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(server.process.pid)], capture_output=True, check=True
    )
    return int(output.stdout) / 1024


async def weigh(soak: Soak, server: RunningServer) -> None:
    while True:
        soak.sizes.append(size(server))
        await asyncio.sleep(1)


async def steady(soak: Soak, server: RunningServer, seconds: float) -> None:
    """Concurrent readers of every kind, each with one reply after another."""
    until = time.monotonic() + seconds

    async def one() -> None:
        while time.monotonic() < until:
            await soak.dice.choice(BEHAVIOURS)(soak)
            soak.counts["replies"] += 1

    async with asyncio.TaskGroup() as group:
        weighing = group.create_task(weigh(soak, server))
        readers = [group.create_task(one()) for _ in range(READERS)]
        await asyncio.wait(readers)
        weighing.cancel()
    quarter = len(soak.sizes) // 4
    early, late = (
        statistics.median(part) for part in (soak.sizes[quarter : 2 * quarter], soak.sizes[-quarter:])
    )
    hours = soak.counts["tokens"] / REAL_PACE / 3600
    print(
        f"steady, {seconds:.0f} s, {READERS} readers at once: "
        + ", ".join(f"{count:,} {name}" for name, count in sorted(soak.counts.items()))
    )
    print(f"  {hours:.1f} hours of replies at {REAL_PACE} tokens/s; nothing lost, nothing doubled")
    print(
        f"  memory: {early:.0f} MiB in the second quarter, {late:.0f} in the last, ratio {late / early:.3f}"
    )


async def stalled(soak: Soak, server: RunningServer) -> None:
    """A long reply with one reader, then another with hundreds more readers that stop reading."""
    (alone, took_alone), (crowded, took) = [await long_reply(soak, server, each) for each in (0, STALLED)]
    each = (crowded - alone) * 1024 / STALLED
    print(f"stalled: {STALLED} readers that stop reading a long reply cost {each:.0f} KiB each;")
    print(f"  the active reader finishes after {took:.1f} s, without them after {took_alone:.1f} s")


async def long_reply(soak: Soak, server: RunningServer, stalled: int) -> tuple[float, float]:
    """The growth of the server in MiB, and the seconds until the active reader had everything."""
    message, before = " ".join(f"{n:060}" for n in range(500)), size(server)
    body = request_body(message, tokens_per_second=2_000, repeat=REPEATED)
    async with AsyncExitStack() as stack:
        started = time.monotonic()
        response = await stack.enter_async_context(soak.clients[0].stream("POST", "/api/chat", json=body))
        assert response.status_code == 200, await response.aread()
        events = aiter(sse_events(response))
        seen = [await anext(events)]
        path = f"/api/generations/{seen[0].data['generation']}/events"
        for number in range(stalled // 2):
            if number % STREAMS == 0:
                tls = await stack.enter_async_context(new_client(server.tls_url, soak.token))
            # The body of this response is never read.
            await stack.enter_async_context(tls.stream("GET", path, headers={"Accept": "text/event-stream"}))
            plain = stack.enter_context(closing(socket.socket()))
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.connect(("127.0.0.1", server.port))
            plain.sendall(
                f"GET {path} HTTP/1.1\r\nHost: a\r\nheadwater-client: {soak.token}\r\n\r\n".encode()
            )
        seen += [event async for event in events]
        took = time.monotonic() - started
        assert text_of(seen) == " ".join([message] * REPEATED)
        return size(server) - before, took


async def chaos(soak: Soak, folder: Path, environment: dict[str, str], seconds: float) -> None:
    """Pause, stop and kill servers while replies run; readers resume at the next server."""
    until, rounds = time.monotonic() + seconds, Counter[str]()
    left = list[tuple[str, list[SseEvent], float, str]]()
    while True:
        server = RunningServer(folder, environment, ("-O",))
        try:
            await asyncio.to_thread(server.wait_until_ready)
            async with clients(soak, server):
                for reply in left:
                    await check_after(soak, *reply)
                if time.monotonic() > until:
                    break
                how = soak.dice.choice(["SIGTERM", "SIGKILL"])
                left = await run_until(soak, server, how)
                rounds[how] += 1
        finally:
            await asyncio.to_thread(server.stop)
        assert "Traceback" not in server.log, server.log
    print(
        f"chaos, {seconds:.0f} s: {dict(rounds)}, each with {READERS} replies running and pauses by SIGSTOP;"
    )
    print("  nothing doubled, nothing left running; a stop lost nothing, a kill the text of the last")
    killed = sorted(lost for lost in soak.lost if lost)
    median, most = (statistics.median(killed), killed[-1]) if killed else (0.0, 0.0)
    print(f"  {median:.2f} s at the median, {most:.2f} s at the most")


async def run_until(
    soak: Soak, server: RunningServer, how: str
) -> list[tuple[str, list[SseEvent], float, str]]:
    """Run replies and pauses, then end the server; returns what each reader had seen."""
    seen: list[tuple[str, list[SseEvent]]] = []

    async def one() -> None:
        message, events = soak.message(2_000), list[SseEvent]()
        seen.append((message, events))
        with suppress(httpx.TransportError):
            async with soak.client.stream("POST", "/api/chat", json=request_body(message)) as response:
                async for event in sse_events(response):
                    events.append(event)

    async with asyncio.TaskGroup() as group:
        for _ in range(READERS):
            group.create_task(one())
        for _ in range(soak.dice.randrange(3)):
            await asyncio.sleep(soak.dice.random())
            server.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(soak.dice.random())
            server.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(SAVED_WITHIN + soak.dice.random())  # a paused server saves nothing
        if how == "SIGKILL":
            server.process.kill()
            ended = time.monotonic()
            await asyncio.to_thread(server.process.wait)
        else:
            status, _ = await asyncio.to_thread(server.stop)
            ended = time.monotonic()
            assert status == 0, status
    return [(message, events, ended, how) for message, events in seen if events]


async def check_after(soak: Soak, message: str, events: list[SseEvent], ended: float, how: str) -> None:
    """Check that the next server has all of a reply that the first one had time to save."""
    path, headers = resume_request([events[0]])
    async with soak.client.stream("GET", path, headers=headers) as response:
        saved = [event async for event in sse_events(response)]
    text = text_of(saved)
    assert message.startswith(text)
    assert saved[-1].event == "outcome", saved[-1]
    lost, chars = 0.0, 0
    for event in events:
        chars += len(event.data["token"]) if event.event == "message" else 0
        if chars > len(text):
            lost = ended - event.at
            break
    soak.lost.append(lost)
    assert text_of(events).startswith(text) or text.startswith(text_of(events))
    assert lost <= (0 if how == "SIGTERM" else LOST_AT_MOST), (how, lost)
    if how == "SIGTERM":
        assert events[-1].data == saved[-1].data, (events[-1], saved[-1])
    stored = (await soak.client.get(f"/api/conversations/{events[0].data['conversation']}")).json()
    assert not stored["running"]
    assert [each["text"] for each in stored["messages"]] == [message, text]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    soak = Soak(random.Random(options.seed))
    print(f"seed {options.seed}", flush=True)
    async with model_server(models=["any"]) as upstream:
        upstream.scripts = Endless()
        environment = {"OPENAI_BASE_URL": upstream.url, **TIMEOUTS}
        with TemporaryDirectory() as name:
            server = RunningServer(Path(name), environment, ("-O",))
            try:
                await asyncio.to_thread(server.wait_until_ready)
                async with clients(soak, server):
                    await steady(soak, server, options.minutes * 60)
                    await stalled(soak, server)
            finally:
                await asyncio.to_thread(server.stop)
            assert "Traceback" not in server.log, server.log
        soak.token = ""
        with TemporaryDirectory() as name:
            await chaos(soak, Path(name), environment, options.minutes * 60)


if __name__ == "__main__":
    asyncio.run(main())
