"""Stock clients of Socket.IO: python-socketio, and `socket.io-client` in Node.js."""

import asyncio
import os
import re
import ssl
import sys
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import msgspec
import pytest
import websockets

from headwater.api.requests import BODY_BYTES
from headwater.identity.identify import COOKIE, HEADER
from tests.api.test_problems import check
from tests.running import RunningServer, running
from tests.wires.h2_socket import open_h2_socket
from tests.wires.socket_io import connected

FRONTEND = Path(__file__).parents[3] / "frontend" / "package.json"
SCRIPT = Path(__file__).parent / "socket_io_client.mjs"
PATH = "/socket.io/?EIO=4"

UNVERIFIED = ssl._create_unverified_context()

FAST = {"tokens_per_second": 100_000}
GATED = {**FAST, "faults": [{"after": 1, "kind": "gate"}]}
ECHO = {"model": "scripted/echo", "script": FAST}

Events: TypeAlias = "asyncio.Queue[dict[str, Any]]"


def token_of(server: RunningServer) -> str:
    return httpx.get(f"{server.url}/api/models").headers[HEADER]


async def open_gate(server: RunningServer, generation: str, token: str) -> None:
    async with httpx.AsyncClient(headers={HEADER: token}) as client:
        opened = await client.post(f"{server.url}/api/scripted/gates/{generation}")
        assert opened.status_code == 204


async def until(events: Events, name: str) -> list[dict[str, Any]]:
    """The events up to the first of this name, without heartbeats."""
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while not seen or seen[-1]["event"] != name:
            event = await events.get()
            seen += [event] if event["event"] != "heartbeat" else []
    return seen


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["token"] for event in events if event["event"] == "token")


@pytest.mark.parametrize("options", [{}, {"transports": ["polling"]}, {"transports": ["websocket"]}])
@pytest.mark.parametrize("port", ["url", "tls_url"])
async def test_a_page_sees_a_reply_grow(server: RunningServer, port: str, options: dict[str, Any]) -> None:
    """Nothing but the address and the certificate is named; the token is that of a cookie in a browser."""
    token = token_of(server)
    arguments = [
        {"extraHeaders": {HEADER: token}, **options},
        {"message": "one two", **ECHO, "script": GATED},
    ]
    node = await asyncio.create_subprocess_exec(
        "node",
        SCRIPT,
        FRONTEND,
        getattr(server, port),
        *(msgspec.json.encode(argument).decode() for argument in arguments),
        env={
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "NODE_EXTRA_CA_CERTS": str(server.folder / "data" / "certificate.pem"),
        },
        stdout=asyncio.subprocess.PIPE,
    )
    assert node.stdout is not None
    try:
        async with asyncio.timeout(60):
            name, text, generation = msgspec.json.decode(await node.stdout.readline())
            assert (name, text) == ("token", "one")
            await open_gate(server, generation, token)
            rest = [msgspec.json.decode(line) async for line in node.stdout]
            assert rest[:-1] == [["token", " two", generation]]
            assert rest[-1] == ["done", options.get("transports", ["websocket"])[0]]
            assert await node.wait() == 0
    finally:
        if node.returncode is None:
            node.kill()
            await node.wait()


async def test_a_message_may_be_a_text(server: RunningServer) -> None:
    """The default model says it, at its own pace."""
    text = "over and over again, " * 30 + "and once more"
    async with connected(server.url, {HEADER: token_of(server)}) as (client, events):
        await client.emit("chat_message", text)
        seen = await until(events, "token")
        generation = seen[0]["generation"]
        async with httpx.AsyncClient(headers=client.connection_headers) as http:
            found = (await http.get(f"{server.url}/api/generations/{generation}")).json()
        assert found["outcome"] is None
        seen += await until(events, "outcome")
    assert text_of(seen) == text
    assert [event["event"] for event in seen] == ["start", *["token"] * (len(seen) - 2), "outcome"]
    assert len(seen) > 10


async def test_many_replies_run_on_one_connection_each_whole(server: RunningServer) -> None:
    async with connected(server.url) as (client, events):
        for number in range(20):
            message = {"message": f"this is number {number}", "request": str(number), **ECHO}
            await client.emit("chat_message", message)
        seen = [event for _ in range(20) for event in await until(events, "outcome")]
    starts = [event for event in seen if event["event"] == "start"]
    assert sorted(int(start["request"]) for start in starts) == list(range(20))
    for start in starts:
        own = [event for event in seen if event["generation"] == start["generation"]]
        assert text_of(own) == f"this is number {start['request']}"
        assert [own[0]["event"], own[-1]["event"]] == ["start", "outcome"]


@pytest.mark.parametrize(
    ("event", "data", "field"),
    [
        ("chat_message", None, None),
        ("chat_message", 7, None),
        ("chat_message", ("one", "two"), None),
        ("chat_message", {}, "message"),
        ("chat_message", {"message": " "}, "message"),
        ("chat_message", {"message": "x", "mesage": "x"}, "mesage"),
        ("chat_message", "\ud800", None),
        ("chat_message", {"message": "x", "request": "\ud800"}, None),
        ("chat", {"message": "x"}, None),
        ("\ud800", {}, None),
        ("follow", {"generation": 7}, "generation"),
    ],
)
async def test_what_is_no_message_is_answered_and_closes_nothing(
    server: RunningServer, event: str, data: Any, field: str | None
) -> None:
    async with connected(server.url) as (client, events):
        await client.emit(event, data)
        [problem] = await until(events, "problem")
        assert (problem["code"], problem["status"], problem.get("field")) == ("invalid_request", 400, field)
        await client.emit("chat_message", {"message": "still here", **ECHO})
        assert text_of(await until(events, "outcome")) == "still here"


async def test_a_reply_that_breaks_off_is_an_error_and_then_done(server: RunningServer) -> None:
    async with connected(server.url) as (client, events):
        script = {**FAST, "faults": [{"after": 1, "kind": "error"}]}
        await client.emit("chat_message", {"message": "one two", **ECHO, "script": script})
        *_, token, problem, outcome = await until(events, "outcome")
    assert token["token"] == "one"
    assert (problem["event"], problem["code"]) == ("problem", "provider_error")
    assert problem["detail"].endswith(".")
    assert (outcome["status"], outcome["code"]) == ("failed", "provider_error")


async def test_a_new_client_is_named_when_it_connects(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        handshake = await http.get(f"{PATH}&transport=polling&sid=")
        assert re.match(
            rf"{COOKIE}_\w+={handshake.headers[HEADER]}; .*HttpOnly", handshake.headers["Set-Cookie"]
        )
        assert handshake.headers["Cache-Control"] == "no-store"
        again = await http.get(f"{PATH}&transport=polling&sid=")
        assert HEADER not in again.headers
        session = again.text.split('"')[3]
        polled = {"transport": "polling", "sid": session}
        body = '40\x1e42["chat_message",{"message":"mine","model":"scripted/echo"}]'
        assert (await http.post(PATH, params={"EIO": "4", **polled}, content=body)).text == "OK"
        said = ""
        while '42["done"' not in said:
            said += (await http.get("/socket.io/", params={"EIO": "4", **polled})).text
        [found] = (await http.get("/api/conversations")).json()["conversations"]
        assert found["title"] == "mine"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("strict")
    with running(folder, HEADWATER_API_KEYS="key") as started:
        yield started


async def test_other_pages_and_wrong_keys_get_no_socket(strict: RunningServer) -> None:
    polling, socket = (
        f"{strict.url}{PATH}&transport=polling",
        f"ws://127.0.0.1:{strict.port}{PATH}&transport=websocket",
    )
    async with httpx.AsyncClient() as http:
        check(await http.get(polling, headers={"Origin": "https://evil.example"}), 403, "forbidden")
        check(await http.get(polling, headers={"Authorization": "Bearer none"}), 401, "unauthorized")
        assert (await http.get(polling, headers={"Origin": strict.url})).status_code == 200
        grpc_port = f"http://127.0.0.1:{strict.grpc_port}{PATH}&transport=polling"
        assert (await http.get(grpc_port)).status_code == 404
    wrong = {"Origin": ("https://evil.example", 403), "Authorization": ("Bearer none", 401)}
    for name, (value, status) in wrong.items():
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with websockets.connect(socket, additional_headers={name: value}):
                pass
        assert refused.value.response.status_code == status


NO_PACKETS = [
    "",
    "9",
    "x",
    "0{}",
    "6",
    "bAAAA",
    "4",
    "4{}",
    "4x",
    "41[]",
    "42",
    "42{}",
    "42[]",
    "42[7]",
    '42["connect",{}]',
    '42["disconnect"]',
    '43["ack"]',
    '451-["chat_message",{"_placeholder":true,"num":0}]',
    "40[]",
    "42" + "[" * 100_000,
    "42" + "1" * 5000,
]


@pytest.mark.parametrize("frame", [*NO_PACKETS, b"\0"], ids=range(len(NO_PACKETS) + 1))
async def test_what_is_no_packet_closes_the_socket(server: RunningServer, frame: str | bytes) -> None:
    url = f"ws://127.0.0.1:{server.port}{PATH}&transport=websocket"
    async with websockets.connect(url) as socket, asyncio.timeout(20):
        await socket.send("40")
        await socket.send(frame)
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                await socket.recv()
    assert "Traceback" not in server.log
    assert " ERROR " not in server.log


NO_PAYLOADS = [*NO_PACKETS[1:], "2probe", "5", "3\x1e" * 20, "\udcff"]


@pytest.mark.parametrize("body", NO_PAYLOADS, ids=range(len(NO_PAYLOADS)))
async def test_a_body_that_is_no_packet_is_refused(server: RunningServer, body: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        session = (await http.get(f"{PATH}&transport=polling")).text.split('"')[3]
        path = f"{PATH}&transport=polling&sid={session}"
        check(await http.post(path, content=body.encode("utf-8", "surrogateescape")), 400, "invalid_request")
        check(await http.post(path, content="4" * (BODY_BYTES + 1)), 413, "too_large")
        assert (await http.post(path, content="40")).text == "OK"
    assert "Traceback" not in server.log
    assert " ERROR " not in server.log


async def test_a_client_may_send_while_it_changes_to_a_websocket(
    server: RunningServer,
) -> None:
    """It takes nothing meanwhile, and waits for the answers to what it has sent before."""
    async with httpx.AsyncClient(base_url=server.url) as http:
        session = (await http.get(f"{PATH}&transport=polling")).text.split('"')[3]
        url = f"ws://127.0.0.1:{server.port}{PATH}&transport=websocket&sid={session}"
        async with websockets.connect(url) as socket, asyncio.timeout(20):
            await socket.send("2probe")
            assert await socket.recv() == "3probe"
            for packet in ("40", '42["chat_message","one"]', *['42["chat_message"]'] * 3):
                answer = await http.post(f"{PATH}&transport=polling&sid={session}", content=packet)
                assert answer.text == "OK"
            await socket.send("5")
            said = ""
            while said.count('42["error"') < 3 or '42["done"' not in said:
                said += str(await socket.recv())
        assert '"token":"one"' in said


async def test_a_websocket_over_http_2(server: RunningServer) -> None:
    path = f"{PATH}&transport=websocket"
    async with open_h2_socket(server.tls_port, path, {}, UNVERIFIED) as socket, asyncio.timeout(20):
        assert (await socket.recv()).startswith('0{"sid"')
        await socket.send("40")
        await socket.send('42["chat_message",{"message":"one","model":"scripted/echo"}]')
        while not (frame := await socket.recv()).startswith('42["token"'):
            pass
        assert '"token":"one"' in frame


async def test_a_client_that_polls_late_slows_nobody_and_gets_larger_pieces(server: RunningServer) -> None:
    token = token_of(server)
    async with httpx.AsyncClient(base_url=server.url, headers={HEADER: token}, timeout=30) as http:
        session = (await http.get(f"{PATH}&transport=polling")).text.split('"')[3]
        path = f"{PATH}&transport=polling&sid={session}"
        message = {"message": "word " * 300, **ECHO, "script": {"tokens_per_second": 300}}
        event = msgspec.json.encode(["chat_message", message]).decode()
        assert (await http.post(path, content=f"40\x1e42{event}")).text == "OK"
        polled = (await http.get(path)).text
        while '42["start"' not in polled:
            polled += (await http.get(path)).text
        [conversation] = (await http.get("/api/conversations")).json()["conversations"]
        while conversation["running"]:
            [conversation] = (await http.get("/api/conversations")).json()["conversations"]
        packets: list[str] = []
        while not any(packet.startswith('42["done"') for packet in packets):
            packets += [packet for packet in (await http.get(path)).text.split("\x1e") if packet[:2] == "42"]
            await http.post(path, content="3")
    tokens = [
        msgspec.json.decode(packet[2:])[1]["token"] for packet in packets if packet.startswith('42["token"')
    ]
    assert len(tokens) < 10


async def test_a_shutdown_ends_the_replies_and_then_the_sockets(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        async with connected(server.url) as (client, events), connected(server.url) as (idle, _):
            gone = asyncio.Semaphore(0)
            for each in (client, idle):
                each.on("disconnect", lambda _reason: gone.release())
            script = {**FAST, "faults": [{"after": 1, "kind": "stall"}]}
            await client.emit("chat_message", {"message": "one two", **ECHO, "script": script})
            await until(events, "token")
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            *_, problem, outcome = await until(events, "outcome")
            assert (problem["code"], outcome["status"]) == ("interrupted", "interrupted")
            async with asyncio.timeout(20):
                await gone.acquire()
                await gone.acquire()
            assert (await stopping)[0] == 0
