"""Starting and stopping the real server."""

import asyncio
import contextlib
import signal
import socket
import ssl
from pathlib import Path

import httpx
import pytest
import websockets

from headwater.server.serve import listen, report
from tests.running import RunningServer, asked, refused_start, running, sse_events, text_of

STALL = {"faults": [{"after": 2, "kind": "stall"}]}
GATE = {"faults": [{"after": 2, "kind": "gate"}]}

AT_MOST = 25
"""Seconds that no shutdown takes, however busy the machine is: less than the 30 that TLS may hang."""


async def test_running_replies_get_their_time_then_are_interrupted(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_DRAIN_TIMEOUT="5") as server:
        async with (
            httpx.AsyncClient(base_url=server.tls_url, http2=True, verify=False, timeout=20) as client,
            asked(client, "one two three four", script=STALL) as stalled,
            asked(client, "a b c", script=GATE) as gated,
        ):
            events = aiter(sse_events(stalled))
            seen = [await anext(events)]
            while text_of(seen) != "one two":
                seen.append(await anext(events))
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                while (await client.get("/readyz")).status_code == 200:
                    pass
                refused = await client.post("/api/chat", json={"message": "x", "model": "scripted/echo"})
                assert (refused.status_code, refused.json()["code"]) == (503, "shutting_down")
                assert refused.headers["retry-after"]
                assert (await client.get("/healthz")).status_code == 200
                gate = gated.headers["location"].replace("/generations/", "/scripted/gates/")
                assert (await client.post(gate)).status_code == 204
                done = [event async for event in sse_events(gated)]
                rest = [event async for event in events]
        assert (text_of(done), done[-1].data["status"]) == ("a b c", "completed")
        assert [event.data["status"] for event in rest] == ["interrupted"]
        status, seconds = await asyncio.to_thread(server.stop)
        assert status == 0
        assert seconds < AT_MOST


async def test_every_one_of_many_readers_gets_the_outcome(tmp_path: Path) -> None:
    """200 connections over HTTP/1.1, and 100 replies over one connection of HTTP/2."""
    waiting = asyncio.Semaphore(0)

    async def reader(client: httpx.AsyncClient) -> tuple[str, list[str]]:
        async with asked(client, "one two three", script=STALL) as response:
            seen = []
            async for event in sse_events(response):
                seen.append(event)
                if text_of(seen) == "one two" and event.event == "message":
                    waiting.release()
        return text_of(seen), [event.data["status"] for event in seen if event.event == "outcome"]

    many = httpx.Limits(max_connections=None)
    with running(tmp_path, HEADWATER_DRAIN_TIMEOUT="1") as server:
        async with (
            httpx.AsyncClient(base_url=server.url, limits=many, timeout=60) as one,
            httpx.AsyncClient(base_url=server.tls_url, http2=True, verify=False, timeout=60) as two,
        ):
            await one.get("/api/models")
            await two.get("/api/models")
            readers = [asyncio.create_task(reader(client)) for client in [one] * 200 + [two] * 100]
            async with asyncio.timeout(60):
                for _ in readers:
                    await waiting.acquire()
            status, seconds = await asyncio.to_thread(server.stop)
            async with asyncio.timeout(30):
                seen = await asyncio.gather(*readers)
        assert seen == [("one two", ["interrupted"])] * 300
        assert status == 0
        assert seconds < AT_MOST


async def test_who_listens_for_changes_is_let_go(tmp_path: Path) -> None:
    """An open page sees the end of the feed: it is not cut off as a hanging connection is."""
    with running(tmp_path) as server:
        async with (
            httpx.AsyncClient(base_url=server.url, timeout=20) as client,
            client.stream("GET", "/api/conversations/events") as response,
        ):
            events = aiter(sse_events(response))
            assert (await anext(events)).event == "ready"
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            async with asyncio.timeout(30):
                assert [event async for event in events] == []
            status, _ = await stopping
        assert status == 0


@pytest.mark.parametrize("tls", [False, True])
async def test_a_stalled_reader_does_not_hold_the_shutdown(tmp_path: Path, tls: bool) -> None:
    with running(tmp_path, HEADWATER_DRAIN_TIMEOUT="0") as server:
        body = b'{"message":"a","model":"scripted/long","script":{"tokens_per_second":1000000,"repeat":9}}'
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.tls_port if tls else server.port, ssl=_any_certificate() if tls else None
        )
        head = b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        assert (await reader.read(12)) == b"HTTP/1.1 200"
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        status, seconds = await asyncio.to_thread(server.stop)
        assert status == 0
        assert seconds < AT_MOST
        transport.abort()


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_the_system_takes_little_for_a_client_that_takes_nothing() -> None:
    sent = 0
    with listen(("127.0.0.1", 0)) as listening, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listening.getsockname())
        connection, _ = listening.accept()
        with connection, contextlib.suppress(BlockingIOError):
            connection.setblocking(False)
            while True:
                sent += connection.send(bytes(65_536))
    assert sent < 2**20


async def test_a_second_signal_skips_the_wait(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_DRAIN_TIMEOUT="600") as server:
        async with (
            httpx.AsyncClient(base_url=server.url, timeout=20) as client,
            asked(client, "one two three", script=STALL) as response,
        ):
            events = aiter(sse_events(response))
            await anext(events)
            server.process.send_signal(signal.SIGINT)
            while (await client.get("/readyz")).status_code == 200:
                pass
            server.process.send_signal(signal.SIGINT)
            async with asyncio.timeout(30):
                rest = [event async for event in events]
            assert rest[-1].data["status"] == "interrupted"


async def test_a_connection_that_is_cancelled_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    connections = asyncio.Queue[asyncio.Task[None] | None]()

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.put_nowait(asyncio.current_task())
        try:
            await asyncio.Event().wait()
        finally:
            writer.close()

    asyncio.get_running_loop().set_exception_handler(report)
    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with listening:
        _, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        connection = await connections.get()
        assert connection is not None
        connection.cancel()
        await asyncio.wait([connection])
        writer.close()
        await writer.wait_closed()
    assert caplog.records == []


def test_idle_connections_do_not_hold_the_shutdown(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with (
            socket.create_connection(("127.0.0.1", server.port)),
            socket.create_connection(("127.0.0.1", server.tls_port)),
            httpx.Client(base_url=server.url) as client,
        ):
            client.get("/healthz")
            status, seconds = server.stop()
        assert status == 0
        assert seconds < AT_MOST


async def test_limits_on_replies_that_run_at_once(tmp_path: Path) -> None:
    """A client without a cookie does not become a new one each time: its address or API key counts."""
    environment = {
        "HEADWATER_MAX_ACTIVE": "2",
        "HEADWATER_MAX_ACTIVE_PER_CLIENT": "1",
        "HEADWATER_API_KEYS": "first,second",
    }
    waits = {"first_token_ms": 60_000}
    with running(tmp_path, **environment) as server:
        first, second = ({"Authorization": f"Bearer {key}"} for key in ("first", "second"))
        async with (
            httpx.AsyncClient(base_url=server.url) as one,
            httpx.AsyncClient(base_url=server.url) as neighbour,
            httpx.AsyncClient(base_url=server.url, headers=first) as two,
            httpx.AsyncClient(base_url=server.url, headers=second) as three,
            asked(one, "a", script=waits),
        ):
            mine = await neighbour.post("/api/chat", json={"message": "a", "model": "scripted/echo"})
            assert (mine.status_code, mine.json()["code"]) == (429, "rate_limited")
            assert {"retry-after", "ratelimit-limit", "ratelimit-remaining"} <= {*mine.headers}
            async with asked(two, "a", script=waits):
                full = await three.post("/api/chat", json={"message": "a", "model": "scripted/echo"})
                assert (full.status_code, full.json()["code"]) == (503, "overloaded")
                assert full.headers["retry-after"]


async def test_the_rate_of_starts_is_limited_by_address(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_RATE_LIMIT="3/hour") as server:
        body = {"message": "a", "model": "scripted/echo"}
        for _ in range(5):
            assert httpx.options(f"{server.url}/chat").status_code == 200
        for number in range(5):
            headers = {"X-Forwarded-For": f"10.0.0.{number}", "Accept": "application/json"}
            response = (
                httpx.get(f"{server.url}/chat", params=body, headers=headers)
                if number % 2
                else httpx.post(f"{server.url}/api/chat", json=body, headers=headers)
            )
            if number < 3:
                assert response.status_code == 200
                assert response.headers["ratelimit-limit"] == "3"
                generation = response.json()["generation"]
            else:
                assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
                assert int(response.headers["retry-after"]) > 1000
        resumed = httpx.get(f"{server.url}/api/chat", headers={"Last-Event-ID": f"{generation}:0"})
        assert resumed.status_code == 404  # it belongs to another client; the answer is not 429


async def test_behind_a_proxy_the_address_and_the_scheme_are_the_clients(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_RATE_LIMIT="1/hour", HEADWATER_TRUSTED_PROXIES="1") as server:
        body = {"message": "a", "model": "scripted/echo"}
        for forwarded, status in (("6.6.6.6, 10.0.0.1", 200), ("7.7.7.7, 10.0.0.1", 429), ("10.0.0.2", 200)):
            headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
            response = httpx.post(f"{server.url}/api/chat", json=body, headers=headers)
            assert response.status_code == status
            assert status == 429 or "Secure" in response.headers["set-cookie"]


@pytest.mark.parametrize("scheme", ["http", "https", "wss"])
async def test_behind_a_proxy_a_websocket_opens(tmp_path: Path, scheme: str) -> None:
    with running(tmp_path, HEADWATER_TRUSTED_PROXIES="1") as server:
        headers = {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": scheme}
        address = f"ws://127.0.0.1:{server.port}/api/ws"
        async with websockets.connect(address, additional_headers=headers) as socket:
            assert socket.response is not None
            assert ("Secure" in socket.response.headers["Set-Cookie"]) == (scheme != "http")


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"PORT": "x"}, "HEADWATER_PORT is 'x'"),
        ({"PORT": "{port}"}, "HEADWATER_PORT is {port}"),
        ({"BASE_PATH": "/chat/"}, "HEADWATER_BASE_PATH is '/chat/', but it takes a path such as /chat"),
        ({"GRPC_PORT": "{port}"}, "HEADWATER_GRPC_PORT is {port}"),
        ({"HOST": "203.0.113.1"}, "HEADWATER_HOST is '203.0.113.1'"),
        ({"HOST": "nohost.invalid"}, "HEADWATER_HOST is 'nohost.invalid'"),
        ({"DATA_DIR": "{file}"}, "HEADWATER_DATA_DIR"),
        ({"DEFAULT_MODEL": "scripted/none"}, "HEADWATER_DEFAULT_MODEL is 'scripted/none'"),
        ({"TLS_PORT": "1", "TLS_CERT": "{file}", "TLS_KEY": "{file}"}, "HEADWATER_TLS_CERT"),
    ],
)
def test_what_cannot_start_says_why_in_one_line(
    tmp_path: Path, environment: dict[str, str], reason: str
) -> None:
    """The port is taken, and the file is no certificate."""
    file = tmp_path / "file"
    file.write_text("no certificate")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        names = {"port": taken.getsockname()[1], "file": file}
        given = {f"HEADWATER_{name}": value.format(**names) for name, value in environment.items()}
        said = refused_start(tmp_path, **given)
    assert said.count("\n") == 1
    assert reason.format(**names) in said


def test_a_local_model_that_cannot_be_loaded_is_said_and_the_scripted_one_answers(tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF, but no model")
    with running(tmp_path, HEADWATER_LOCAL_MODEL=str(file)) as server:
        assert "scripted/echo answers" in server.greeting
        said = [line for line in server.log.splitlines() if "local model" in line]
        assert len(said) == 1


def test_the_greeting_names_all_addresses(server: RunningServer) -> None:
    assert server.url in server.greeting
    assert server.tls_url in server.greeting
    assert f"gRPC at 127.0.0.1:{server.grpc_port}" in server.greeting
