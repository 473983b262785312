"""gRPC-Web and Connect as browsers send them, and what nobody should send to any of the three."""

import gzip
import socket
import struct
from typing import Any

import httpx
import msgspec
import pytest

from headwater.transports.grpc import frame
from headwater.v1.chat_pb2 import ChatRequest, ChatResponse, Fault, Script
from tests.running import RunningServer, over_each_protocol
from tests.wires.rpc import PATH, arriving, split

ECHO = {"message": "one two", "model": "scripted/echo", "script": {"tokens_per_second": 100_000}}
GATED = {**ECHO, "script": {"faults": [{"after": 1, "kind": "gate"}]}}
JSON, WEB = "application/connect+json", "application/grpc-web+proto"


def frames(response: httpx.Response) -> list[tuple[int, bytes]]:
    found, rest = split(response.content)
    assert rest == b""
    return found


async def sent(client: httpx.AsyncClient, method: str, media_type: str, body: bytes) -> httpx.Response:
    return await client.post(PATH + method, content=body, headers={"Content-Type": media_type})


def of_connect(value: Any) -> bytes:
    return frame(msgspec.json.encode(value))


def end_of(response: httpx.Response) -> Any:
    """What a Connect response that has nothing but an end says in it."""
    [(flag, content)] = frames(response)
    assert flag == 2
    return msgspec.json.decode(content)


@over_each_protocol
async def test_connect_streams_json_as_it_is_said(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": JSON}
    async with client.stream(
        "POST", PATH + "StreamChat", content=of_connect(GATED), headers=headers
    ) as response:
        assert (response.status_code, response.headers["content-type"]) == (200, JSON)
        assert response.headers["cache-control"] == "no-cache, no-transform"
        mine = {"headwater-client": response.headers["headwater-client"]}
        found = arriving(response)
        start, first = [msgspec.json.decode((await anext(found))[1]) for _ in range(2)]
        assert start["start"]["model"] == "scripted/echo"
        assert first == {"token": "one", "generation": start["generation"], "cursor": 1}
        opened = await client.post(f"/api/scripted/gates/{start['generation']}", headers=mine)
        assert opened.status_code == 204
        *rest, last, end = [found async for found in found]
    said = [msgspec.json.decode(content) for flag, content in rest]
    assert "".join(each.get("token", "") for each in said) == " two"
    outcome = msgspec.json.decode(last[1])
    assert (outcome["done"], outcome["outcome"]["reason"]) == (True, "stop")
    assert end == (2, b"{}")
    body = {"generation": start["generation"]}
    found = (await client.post(PATH + "Cancel", json=body, headers=mine)).json()
    assert (found["text"], found["outcome"]) == ("one two", outcome["outcome"])


@over_each_protocol
async def test_grpc_web_ends_with_its_trailers_in_the_body(client: httpx.AsyncClient) -> None:
    request = ChatRequest(message="one two", model="scripted/echo", script=Script(tokens_per_second=100_000))
    response = await sent(client, "StreamChat", WEB, frame(request.SerializeToString()))
    assert response.headers["content-type"] == WEB
    *messages, (flag, trailers) = frames(response)
    read = [ChatResponse.FromString(content) for _, content in messages]
    assert "".join(message.token for message in read) == "one two"
    assert [message.done for message in read][-2:] == [False, True]
    assert (flag, trailers) == (0x80, b"grpc-status: 0\r\n")


async def test_a_problem_is_told_in_the_terms_of_each(client: httpx.AsyncClient) -> None:
    blank = {"message": " "}
    end = end_of(await sent(client, "StreamChat", JSON, of_connect(blank)))
    assert end["error"]["code"] == "invalid_argument"
    assert end["metadata"] == {"headwater-field": ["message"], "headwater-code": ["invalid_request"]}
    unary = await client.post(PATH + "Cancel", json={"generation": "gen_x"})
    assert (unary.status_code, unary.json()["code"]) == (404, "not_found")
    assert unary.headers["trailer-headwater-code"] == "not_found"
    web = await sent(client, "StreamChat", WEB, frame(ChatRequest(message=" ").SerializeToString()))
    assert b"grpc-status: 3\r\n" in web.content


PLAIN = msgspec.json.encode(ECHO)
MESSAGE = ChatRequest(message="a", model="scripted/echo").SerializeToString()
INVALID, TOO_LARGE, UNKNOWN = "invalid_argument", "resource_exhausted", "unimplemented"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", UNKNOWN),
        (b"\0", INVALID),
        (b"\0\0\0\1\0{}", INVALID),
        (struct.pack(">BI", 0, 2**32 - 1) + b"{}", TOO_LARGE),
        (struct.pack(">BI", 0, 1024 * 1024 + 1) + bytes(1024 * 1024 + 1), TOO_LARGE),
        (frame(PLAIN, 1), "internal"),
        (frame(PLAIN, 4), INVALID),
        (frame(PLAIN) * 2, UNKNOWN),
        (frame(b"\xff\xfe"), INVALID),
        (frame(b"[" * 100_000), INVALID),
        (frame(b'{"message":"\\ud800","model":"scripted/echo"}'), INVALID),
        (frame(b'{"message":"a","mesage":"b"}'), INVALID),
        (frame(b'{"message":7}'), INVALID),
        (frame(b'{"message":"a","temperature":"NaN","model":"scripted/echo"}'), INVALID),
        (frame(b"null"), INVALID),
        (frame(MESSAGE), INVALID),
    ],
)
async def test_what_is_no_message_is_refused(client: httpx.AsyncClient, body: bytes, code: str) -> None:
    end = end_of(await sent(client, "StreamChat", JSON, body))
    assert end["error"]["code"] == code


@pytest.mark.parametrize(
    ("method", "media_type", "status"),
    [
        ("StreamChat", "text/plain", 415),
        ("StreamChat", "application/x-www-form-urlencoded", 415),
        ("StreamChat", "application/connect+xml", 415),
        ("StreamChat", "", 415),
        ("Cancel", "text/plain", 415),
        ("Nothing", JSON, 404),
    ],
)
async def test_no_page_of_another_site_can_ask_without_a_preflight(
    client: httpx.AsyncClient, method: str, media_type: str, status: int
) -> None:
    """These media types need none; the others do."""
    response = await sent(client, method, media_type, of_connect(ECHO))
    assert response.status_code == status
    for verb in ("GET", "PUT", "OPTIONS"):
        assert (await client.request(verb, f"{PATH}StreamChat")).status_code in {405, 415}


async def test_headers_that_are_no_text_are_refused(client: httpx.AsyncClient) -> None:
    headers = [(b"content-type", JSON.encode()), (b"headwater-client", b"\xff\xfe")]
    response = await client.post(PATH + "StreamChat", content=of_connect(ECHO), headers=headers)
    assert response.status_code == 400


async def test_a_deadline_of_connect_is_kept(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": JSON, "Connect-Timeout-Ms": "300"}
    response = await client.post(PATH + "StreamChat", content=of_connect(GATED), headers=headers)
    *_, (flag, end) = frames(response)
    assert (flag, msgspec.json.decode(end)["error"]["code"]) == (2, "deadline_exceeded")


def test_grpc_itself_needs_http_2(server: RunningServer) -> None:
    response = httpx.post(
        f"{server.url}{PATH}StreamChat", content=frame(MESSAGE), headers={"Content-Type": "application/grpc"}
    )
    assert response.status_code == 415


def test_the_grpc_port_has_nothing_but_grpc(server: RunningServer) -> None:
    url = f"http://127.0.0.1:{server.grpc_port}"
    for path in ("/", "/metrics", "/api/models", "/headwater.v1.Other/Method"):
        assert httpx.get(url + path).status_code == 404
    with httpx.Client(base_url=url, http1=False, http2=True) as client:
        assert client.get("/metrics").status_code == 404
        answer = client.post(PATH + "Cancel", json={"generation": "gen_x"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(512),
        bytes(range(256)) * 64,
        PREFACE + b"\xff" * 65_536,
        PREFACE
        + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"
        + bytes(70_000),
        PREFACE
        + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        + b"\x00\x00\x08\x01\x05\x00\x00\x00\x01"
        + b"\x3f\xff" * 4,
        PREFACE
        + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        + b"\x00\x00\x08\x06\x00\x00\x00\x00\x00abcdefgh" * 20_000,
    ],
    ids=["tls", "bytes", "frames", "a frame too large", "headers", "pings"],
)
def test_what_is_no_http_harms_nobody_else(server: RunningServer, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.grpc_port), timeout=20) as hostile:
        hostile.sendall(garbage)
        hostile.shutdown(socket.SHUT_WR)
        while hostile.recv(65_536):
            pass
    answer = httpx.post(
        f"{server.url}{PATH}StreamChat", content=of_connect(ECHO), headers={"Content-Type": JSON}
    )
    assert answer.content.endswith(b"{}")
    assert " ERROR " not in server.log


def test_the_script_is_the_same_as_on_every_transport(server: RunningServer) -> None:
    """Each member of it, by its name."""
    request = ChatRequest(
        message="a",
        model="scripted/echo",
        script=Script(
            tokens_per_second=1000,
            first_token_ms=1,
            jitter=0.1,
            seed=-7,
            repeat=2,
            faults=[Fault(after=1, kind="error")],
        ),
    )
    response = httpx.post(
        f"{server.url}{PATH}StreamChat",
        content=frame(request.SerializeToString()),
        headers={"Content-Type": "application/connect+proto"},
    )
    assert b"provider_error" in response.content


@pytest.mark.parametrize(
    ("content", "code"), [(ECHO, None), ({"message": "x" * 2**24}, "resource_exhausted")]
)
async def test_a_request_may_be_compressed_and_its_answer_is_not(
    client: httpx.AsyncClient, content: dict[str, Any], code: str | None
) -> None:
    """Sixteen megabytes of one letter are sixteen kilobytes on their way."""
    headers = {
        "Content-Type": JSON,
        "Connect-Content-Encoding": "gzip",
        "Connect-Accept-Encoding": "gzip",
        "Accept-Encoding": "gzip",
    }
    body = frame(gzip.compress(msgspec.json.encode(content)), 1)
    response = await client.post(PATH + "StreamChat", content=body, headers=headers)
    for name in ("content-encoding", "connect-content-encoding"):
        assert response.headers.get(name, "identity") == "identity"
    assert all(flag in {0, 2} for flag, _ in frames(response))
    assert msgspec.json.decode(frames(response)[-1][1]).get("error", {}).get("code") == code
