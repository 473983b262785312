"""What only a WebSocket has: many actions on one connection, a handshake, and a close."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import websockets

from headwater.api.action_runner import MAX_ACTIONS
from headwater.api.requests import BODY_BYTES
from headwater.identity.identify import COOKIE, HEADER
from tests.api.test_problems import check
from tests.running import RunningServer, running
from tests.wires.websocket import PATH, encode

ALLOWED = "https://chat.example.org"
FAST = {"tokens_per_second": 100_000}


class Client:
    """One socket; `said` has the objects of each generation, in order."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.said: dict[str, list[dict[str, Any]]] = {}

    @property
    def headers(self) -> websockets.Headers:
        """Those of the handshake's answer."""
        assert self.socket.response is not None
        return self.socket.response.headers

    async def send(self, **action: Any) -> None:
        await self.socket.send(encode(action))

    async def chat(self, message: str, request: str | None = None, **body: Any) -> None:
        named = {} if request is None else {"request": request}
        body = {"model": "scripted/echo", "script": FAST, **body}
        await self.send(action="chat", message=message, **named, **body)

    async def take(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            found: dict[str, Any] = msgspec.json.decode(await self.socket.recv())
        self.said.setdefault(found.get("generation", ""), []).append(found)
        return found

    async def until(self, event: str) -> dict[str, Any]:
        while (found := await self.take())["event"] != event:
            pass
        return found


def connect(server: RunningServer, **headers: str) -> websockets.connect:
    return websockets.connect(
        f"ws://127.0.0.1:{server.port}{PATH}", additional_headers=headers, max_size=None
    )


@pytest.fixture
async def client(server: RunningServer) -> AsyncIterator[Client]:
    async with connect(server) as socket:
        yield Client(socket)


def text_of(said: list[dict[str, Any]]) -> str:
    return "".join(found["token"] for found in said if found["event"] == "token")


async def test_many_replies_run_on_one_socket_each_whole(client: Client) -> None:
    for number in range(20):
        await client.chat(f"this is number {number}", f"r{number}")
    for _ in range(20):
        await client.until("outcome")
    starts = {said[0]["request"]: said for said in client.said.values()}
    assert len(starts) == 20
    for number in range(20):
        said = starts[f"r{number}"]
        assert [said[0]["event"], said[-1]["event"]] == ["start", "outcome"]
        assert text_of(said) == f"this is number {number}"
        assert not any("request" in found for found in said[1:])


@pytest.mark.parametrize(
    ("frame", "field", "request_name"),
    [
        ("{", None, None),
        ("[]", None, None),
        (b"{}", None, None),
        ("{}", "action", None),
        ('{"action":"fly","request":"r"}', "action", "r"),
        ('{"action":"chat","request":"r"}', "message", "r"),
        ('{"action":"chat","message":1,"request":"r"}', "message", "r"),
        ('{"action":"chat","message":"x","mesage":"x"}', "mesage", None),
        ('{"action":"chat","message":"x","idempotency_key":""}', "idempotency_key", None),
        ('{"action":"follow","after":1}', "generation", None),
        ('{"action":"follow","generation":"gen_x","after":-1}', "after", None),
        ('{"action":"follow","generation":"gen_x","after":"1"}', "after", None),
        ('{"action":"cancel"}', "generation", None),
        ('{"action":"chat","message":"\\ud800"}', None, None),
        ("[" * 100_000, None, None),
    ],
)
async def test_a_frame_that_is_no_action_is_answered_and_closes_nothing(
    client: Client, frame: str | bytes, field: str | None, request_name: str | None
) -> None:
    await client.socket.send(frame)
    found = await client.take()
    assert (found["event"], found["code"], found["status"]) == ("problem", "invalid_request", 400)
    assert (found.get("field"), found.get("request")) == (field, request_name)
    await client.chat("still here")
    await client.until("outcome")


async def test_another_reply_and_a_continuation(client: Client) -> None:
    await client.chat("hello", script={**FAST, "faults": [{"after": 1, "kind": "error"}]})
    outcome = await client.until("outcome")
    start = client.said[outcome["generation"]][0]
    for to in (start["parent"], start["message"]):
        await client.send(action="reply", conversation=start["conversation"], to=to, script=FAST, request=to)
        again = await client.until("start")
        assert (again["request"], again["parent"]) == (to, to)
        await client.until("outcome")


async def test_a_reply_is_stopped_from_another_socket(server: RunningServer, client: Client) -> None:
    token = client.headers[HEADER]
    await client.chat("one two", script={**FAST, "faults": [{"after": 1, "kind": "stall"}]})
    generation = (await client.until("token"))["generation"]
    async with connect(server, **{HEADER: token}) as socket:
        other = Client(socket)
        for status in (None, "cancelled"):
            await other.send(action="cancel", generation=generation, request="c")
            found = await other.until("generation")
            assert (found["request"], found["text"]) == ("c", "one")
            assert (found["outcome"] or {}).get("status") == status
            await client.until("outcome") if status is None else None
    assert client.said[generation][-1]["by"] == "user"


async def test_a_new_client_is_named_by_the_handshake(server: RunningServer, client: Client) -> None:
    await client.chat("mine")
    conversation = (await client.until("start"))["conversation"]
    headers = client.headers
    assert re.match(rf"{COOKIE}_\w+={re.escape(headers[HEADER])};", headers["Set-Cookie"])
    assert "HttpOnly" in headers["Set-Cookie"]
    path = f"{server.url}/api/conversations/{conversation}"
    async with httpx.AsyncClient() as http:
        check(await http.get(path), 404, "not_found")
        assert (await http.get(path, headers={HEADER: headers[HEADER]})).status_code == 200
    async with connect(server, Cookie=headers["Set-Cookie"].partition(";")[0]) as socket:
        assert HEADER not in Client(socket).headers


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        (None, True),
        ("http://127.0.0.1:{port}", True),
        ("https://127.0.0.1:{port}", True),
        (ALLOWED, True),
        ("http://127.0.0.1", False),
        ("https://chat.example.org.evil.example", False),
        ("null", False),
        ("http://[", False),
        ("", False),
    ],
)
async def test_only_pages_of_ours_and_of_allowed_origins_get_a_socket(
    strict: RunningServer, origin: str | None, let_in: bool
) -> None:
    headers = {} if origin is None else {"Origin": origin.format(port=strict.port)}
    if let_in:
        async with connect(strict, **headers) as socket:
            await (await socket.ping())
    else:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with connect(strict, **headers):
                pass
        response = refused.value.response
        assert response.status_code == 403
        assert msgspec.json.decode(response.body or b"")["code"] == "forbidden"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("strict")
    with running(folder, HEADWATER_ALLOWED_ORIGINS=ALLOWED, HEADWATER_API_KEYS="key") as started:
        yield started


async def test_pages_of_allowed_origins_may_read_answers(strict: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=strict.url) as http:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        for origin in (ALLOWED, "https://evil.example"):
            named = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
            preflight = await http.options("/api/chat", headers={**named, **asked})
            models = await http.get("/api/models", headers=named)
            start = await http.get(
                "/api/chat", params={"message": "x", "model": "scripted/echo"}, headers=named
            )
            allowed = [
                response.headers.get("Access-Control-Allow-Origin") for response in (preflight, models, start)
            ]
            if origin == ALLOWED:
                assert allowed == [ALLOWED] * 3
                assert preflight.headers["Access-Control-Allow-Headers"] == "content-type"
                assert HEADER in models.headers["Access-Control-Expose-Headers"]
                assert start.status_code == 200
            else:
                assert allowed == [None] * 3
                check(start, 403, "forbidden")


async def test_a_wrong_key_gets_no_socket(strict: RunningServer) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(strict, Authorization="Bearer none"):
            pass
    assert refused.value.response.status_code == 401


async def test_a_plain_request_is_told_what_is_here(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        check(await http.get(PATH), 400, "invalid_request")


async def test_a_shutdown_ends_the_replies_and_then_the_socket(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        async with connect(server) as socket, connect(server) as idle:
            client = Client(socket)
            await client.chat("one two", script={**FAST, "faults": [{"after": 1, "kind": "stall"}]})
            await client.until("token")
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            assert (await client.until("outcome"))["status"] == "interrupted"
            for closing in (socket, idle):
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    await closing.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1001
            assert (await stopping)[0] == 0


async def test_changes_are_told_over_a_socket_until_it_closes(tmp_path: Path) -> None:
    """To its own client only, beside replies, and a shutdown ends it."""
    with running(tmp_path, HEADWATER_HEARTBEAT="0.2") as server:
        async with connect(server) as socket, connect(server) as other:
            client, others = Client(socket), Client(other)
            for each in (client, others):
                await each.send(action="changes", request="mine")
                assert await each.take() == {"event": "ready", "request": "mine"}
            await client.chat("one two")
            conversation = (await client.until("start"))["conversation"]
            assert await client.until("change") == {"event": "change", "conversations": [conversation]}
            assert await client.until("heartbeat") == {"event": "heartbeat"}
            for _ in range(2):  # the first may be older than the change
                assert await others.until("heartbeat") == {"event": "heartbeat"}
            assert {each["event"] for each in others.said[""]} == {"ready", "heartbeat"}
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            with pytest.raises(websockets.ConnectionClosed):
                await client.until("nothing")
            assert (await stopping)[0] == 0


async def test_a_socket_has_so_many_actions_at_work_and_no_more(strict: RunningServer) -> None:
    """On the server with few heartbeats, since each of the many readers gets them all."""
    async with connect(strict) as socket:
        client = Client(socket)
        await client.chat("one two", script={**FAST, "faults": [{"after": 1, "kind": "gate"}]})
        generation = (await client.until("token"))["generation"]
        for number in range(MAX_ACTIONS):
            await client.send(action="follow", generation=generation, after=1, request=str(number))
        problem = await client.until("problem")
        assert (problem["code"], problem["request"]) == ("rate_limited", str(MAX_ACTIONS - 1))
        async with httpx.AsyncClient(headers={HEADER: client.headers[HEADER]}) as http:
            await http.post(f"{strict.url}/api/generations/{generation}/cancel")
        while sum(found["event"] == "outcome" for found in client.said[generation]) < MAX_ACTIONS:
            await client.take()


async def test_a_message_beyond_the_limit_closes_the_socket(client: Client) -> None:
    await client.socket.send("x" * (BODY_BYTES + 1))
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await client.socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_a_socket_that_is_read_late_slows_nobody_and_loses_nothing(
    server: RunningServer, client: Client
) -> None:
    text = "x" * 30_000
    await client.chat(text, script={**FAST, "repeat": 30})
    generation = (await client.until("start"))["generation"]
    async with connect(server, **{HEADER: client.headers[HEADER]}) as socket:
        quick = Client(socket)
        await quick.send(action="follow", generation=generation)
        await quick.until("outcome")
    assert len(text_of(quick.said[generation])) >= 30 * len(text)
    await client.until("outcome")
    assert text_of(client.said[generation]) == text_of(quick.said[generation])
