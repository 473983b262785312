"""Everything is below `HEADWATER_BASE_PATH`, and nothing but gRPC's services beside it."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import msgspec
import pytest
import socketio
import websockets
from werkzeug.routing import BaseConverter, Rule

from headwater.app import application
from headwater.data_folder import DataFolder
from headwater.identity.identify import COOKIE
from headwater.settings import Settings
from headwater.v1.chat_pb2 import ChatRequest
from headwater.v1.chat_pb2_grpc import ChatServiceStub
from tests.api.test_problems import check
from tests.running import RunningServer, asked, over_each_protocol, running, sse_events, text_of
from tests.wires.socket_io import connected

BASE = "/chat"
"""The one that is hardest to keep apart, because it is the path of a route as well."""

ECHO = {"message": "one two", "model": "scripted/echo", "script": {"tokens_per_second": 100_000}}
SERVICE = "/headwater.v1.ChatService"
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
ELSEWHERE = f"There is nothing at this address; everything is below {BASE}/."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    environment = {"HEADWATER_BASE_PATH": BASE, "HEADWATER_TRUSTED_PROXIES": "1"}
    with running(tmp_path_factory.mktemp("below"), **environment) as started:
        yield started


def is_elsewhere(response: httpx.Response) -> bool:
    """Whether an answer says where everything is instead."""
    return response.status_code == 404 and ELSEWHERE in response.text


async def every_request(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """The method and the path of every route, and of what is served beside Quart."""
    async with application(Settings(local=False), DataFolder(folder)) as built:
        for rule in built.web.url_map.iter_rules():
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, path_of(rule)
    yield "GET", HANDSHAKE
    yield "POST", f"{SERVICE}/Cancel"
    yield "POST", "/grpc.health.v1.Health/Check"


def path_of(rule: Rule) -> str:
    def example(converter: BaseConverter) -> str:
        return next(name for name in ("conv_x", "x.js") if re.fullmatch(converter.regex, name))

    path = rule.rule
    for name, converter in rule._converters.items():
        path = re.sub(rf"<(\w+:)?{name}>", example(converter), path)
    assert "<" not in path
    return path


@over_each_protocol
async def test_every_route_is_below_it_and_none_beside_it(client: httpx.AsyncClient, tmp_path: Path) -> None:
    requests = [request async for request in every_request(tmp_path)]
    assert len(requests) > 40
    for method, path in requests:
        async with client.stream(method, BASE + path) as below:
            assert below.status_code not in {307, 308}
            # What does not exist is missed by its route, not for its address.
            if below.headers.get("content-type") == "application/problem+json":
                await below.aread()
                assert ELSEWHERE not in below.text
                assert below.status_code != 405
        if not path.startswith(("/headwater.v1.", "/grpc.")):
            beside = await client.request(method, path)
            found = beside.status_code == 307 if (method, path) == ("GET", BASE) else is_elsewhere(beside)
            assert found, (method, path, beside.status_code)


@over_each_protocol
@pytest.mark.parametrize("path", ["/", "/chatter", "/CHAT/", "//chat/", "/x/chat/", "/api/chat", "/healthz"])
async def test_what_is_beside_it_is_a_problem_that_names_it(client: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
        response = await client.request(method, path)
        assert response.status_code == 404
        assert "set-cookie" not in response.headers
        if method != "HEAD":
            check(response, 404, "not_found")
            assert response.json()["detail"] == ELSEWHERE


@over_each_protocol
async def test_the_path_itself_leads_to_the_page_with_its_query(client: httpx.AsyncClient) -> None:
    for method in ("GET", "HEAD"):
        response = await client.request(method, f"{BASE}?a=b%20c", headers={"Accept": "text/html"})
        assert (response.status_code, response.headers["location"]) == (307, f"{BASE}/?a=b%20c")
    assert (await client.get(BASE)).headers["location"] == f"{BASE}/"
    # A start there would be lost: whoever sends one means the address below.
    assert is_elsewhere(await client.post(BASE, json=ECHO))


@over_each_protocol
async def test_a_reply_is_started_followed_and_read_by_addresses_below_it(client: httpx.AsyncClient) -> None:
    client.base_url = client.base_url.join(f"{BASE}/")
    async with asked(client, "one two", script=ECHO["script"]) as response:
        location = response.headers["location"]
        assert re.fullmatch(rf"{BASE}/api/generations/[\w-]+", location)
        assert text_of([event async for event in sse_events(response)]) == "one two"
    found = (await client.get(client.base_url.join(location))).json()
    assert found["text"] == "one two"
    alias = await client.post("/chat", json=ECHO, headers={"Accept": "application/json"})
    assert alias.json()["text"] == "one two"
    shared = (await client.post(f"/api/conversations/{found['conversation']}/share")).json()
    assert shared["path"] == f"{BASE}/s/{shared['token']}"
    assert (await client.get(f"/api/shared/{shared['token']}")).status_code == 200


@over_each_protocol
async def test_the_cookie_is_sent_to_what_is_below_it_alone(client: httpx.AsyncClient) -> None:
    is_secure = client.base_url.scheme == "https"
    response = await client.get(f"{BASE}/api/models")
    name, _, rest = response.headers["set-cookie"].partition("=")
    assert re.fullmatch(rf"{'__Secure-' if is_secure else ''}{COOKIE}_\w+", name)
    assert f"Path={BASE};" in f"{rest};"
    assert ("Secure" in rest) == is_secure
    assert "set-cookie" not in (await client.get(f"{BASE}/api/models")).headers
    before = {"Cookie": f"__Host-{name.removeprefix('__Secure-')}={rest.partition(';')[0]}"}
    client.cookies.clear()
    moved = await client.get(f"{BASE}/api/models", headers=before)
    assert moved.headers["set-cookie"].partition(";")[0] == f"{name}={rest.partition(';')[0]}"


async def test_a_websocket_opens_below_it_alone(server: RunningServer) -> None:
    async with websockets.connect(f"ws://127.0.0.1:{server.port}{BASE}/api/ws") as socket:
        assert socket.response is not None
        assert f"Path={BASE}" in socket.response.headers["Set-Cookie"]
        await socket.send(msgspec.json.encode({"action": "chat", **ECHO}).decode())
        events = [msgspec.json.decode(await socket.recv())]
        while events[-1]["event"] != "outcome":
            events.append(msgspec.json.decode(await socket.recv()))
        assert "".join(event.get("token", "") for event in events) == "one two"
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://127.0.0.1:{server.port}/api/ws")
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_socket_io_is_below_it_alone(server: RunningServer, transport: str) -> None:
    options: dict[str, Any] = {"socketio_path": f"{BASE}/socket.io", "transports": [transport]}
    async with connected(server.url, **options) as (client, events):
        await client.emit("chat_message", ECHO)
        said = [await events.get()]
        while said[-1]["event"] != "outcome":
            said.append(await events.get())
        assert "".join(each.get("token", "") for each in said) == "one two"
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with connected(server.url, transports=[transport]):
            pass


@over_each_protocol
async def test_connect_is_below_it_and_at_the_path_of_its_service(client: httpx.AsyncClient) -> None:
    for base in (BASE, ""):
        answer = await client.post(f"{base}{SERVICE}/Cancel", json={"generation": "gen_none"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_grpc_is_at_the_path_of_its_service_on_every_port(server: RunningServer) -> None:
    for port in (server.port, server.grpc_port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            request = ChatRequest(message="one two", model="scripted/echo")
            chat: Any = ChatServiceStub(channel)  # type: ignore[no-untyped-call]
            said = [event.token async for event in chat.StreamChat(request)]
        assert "".join(said) == "one two"


@pytest.mark.parametrize("path", ["/", BASE, f"{BASE}/", f"{BASE}/healthz"])
async def test_the_port_of_grpc_serves_nothing_else(server: RunningServer, path: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.grpc_port}") as client:
        response = await client.get(path)
    assert (response.status_code, response.content) == (404, b"")


@over_each_protocol
async def test_clients_made_for_openai_get_its_errors_below_it(client: httpx.AsyncClient) -> None:
    refused = await client.get(f"{BASE}/v1/models/none")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
    models: dict[str, Any] = (await client.get(f"{BASE}/v1/models")).json()
    assert "scripted/echo" in {model["id"] for model in models["data"]}


@over_each_protocol
async def test_the_description_of_the_api_says_where_it_is(client: httpx.AsyncClient) -> None:
    described = (await client.get(f"{BASE}/openapi.json")).json()
    assert [each["url"] for each in described["servers"]] == [BASE]
    assert "/api/chat" in described["paths"]


@over_each_protocol
async def test_probes_and_metrics_answer_below_it(client: httpx.AsyncClient) -> None:
    for probe in ("/healthz", "/readyz"):
        assert (await client.get(BASE + probe)).status_code == 200
    assert "headwater_active_generations" in (await client.get(f"{BASE}/metrics")).text


@over_each_protocol
async def test_no_header_of_a_request_moves_it(client: httpx.AsyncClient) -> None:
    forged = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Path": "/evil", "X-Script-Name": "/evil"}
    answer = await client.post(f"{BASE}/api/chat", json=ECHO, headers=forged)
    assert answer.headers["location"].startswith(f"{BASE}/api/")
    assert is_elsewhere(await client.get("/api/models", headers={"X-Forwarded-Prefix": BASE}))


def test_the_greeting_and_the_probes_of_a_server_without_a_proxy(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_BASE_PATH="/a/b.c") as server:
        assert f"{server.url}/a/b.c and" in server.greeting
        assert f"{server.tls_url}/a/b.c;" in server.greeting
        foreign = {"Host": "evil.example"}
        assert httpx.get(f"{server.url}/a/b.c/healthz", headers=foreign).status_code == 200
        assert httpx.get(f"{server.url}/a/b.c/api/models", headers=foreign).status_code == 403
        assert httpx.get(f"{server.url}/a/b.c/api/models").status_code == 200
