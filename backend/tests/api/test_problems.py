"""Bad input gets a problem that names what is wrong, and leaves nothing running."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from headwater.errors import PROBLEMS, ProblemError
from tests.running import RunningServer, over_each_protocol

ECHO = {"message": "hello", "model": "scripted/echo"}
JSON = {"Content-Type": "application/json"}


def check(response: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"]
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert problem.get("field") == field
    return problem


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": " \n\t\u00a0\u2003"}, "message"),
        ({"message": None}, "message"),
        ({"message": 42}, "message"),
        ({"message": ["hello"]}, "message"),
        ({**ECHO, "mesage": "x"}, "mesage"),
        ({**ECHO, "model": 1}, "model"),
        ({**ECHO, "model": ""}, "model"),
        ({**ECHO, "system": False}, "system"),
        ({**ECHO, "temperature": "hot"}, "temperature"),
        ({**ECHO, "temperature": -0.1}, "temperature"),
        ({**ECHO, "temperature": 2.1}, "temperature"),
        ({**ECHO, "temperature": True}, "temperature"),
        ({**ECHO, "max_tokens": 0}, "max_tokens"),
        ({**ECHO, "max_tokens": 1.5}, "max_tokens"),
        ({**ECHO, "max_tokens": "9"}, "max_tokens"),
        ({**ECHO, "max_tokens": 10**30}, "max_tokens"),
        ({**ECHO, "conversation": 7}, "conversation"),
        ({**ECHO, "parent": "msg_1"}, "parent"),
        ({**ECHO, "script": "fast"}, "script"),
        ({**ECHO, "script": {"tokens_per_second": 0}}, "script.tokens_per_second"),
        ({**ECHO, "script": {"jitter": 2}}, "script.jitter"),
        ({**ECHO, "script": {"repeat": 0}}, "script.repeat"),
        ({**ECHO, "script": {"speed": 1}}, "script.speed"),
        ({**ECHO, "script": {"faults": [{"after": 1, "kind": "explode"}]}}, "script.faults.0.kind"),
        ({**ECHO, "script": {"faults": [{"after": -1, "kind": "stall"}]}}, "script.faults.0.after"),
        ({**ECHO, "script": {"faults": [{"kind": "stall"}]}}, "script.faults.0.after"),
    ],
)
async def test_a_member_that_cannot_be_used_is_named(
    client: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    problem = check(await client.post("/api/chat", json=body), 400, "invalid_request", field)
    assert field in problem["detail"]


@pytest.mark.parametrize(
    ("member", "detail"),
    [
        ({"model": "m" * 201}, "model: the value should have at most 200 characters."),
        ({"model": ""}, "model: the value should have at least 1 character."),
        ({"model": "a\0"}, "model: the value holds U+0000, which is no character of a text."),
        ({"temperature": 3}, "temperature: the value should be less than or equal to 2."),
    ],
)
async def test_what_a_value_should_be_is_said_in_a_sentence(
    client: httpx.AsyncClient, member: dict[str, object], detail: str
) -> None:
    problem = check(await client.post("/api/chat", json={**ECHO, **member}), 400, "invalid_request", *member)
    assert problem["detail"] == detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"hello",
        b'{"message": "a",}',
        b"\xff\xfe{}",
        b'{"message": "\\ud800"}',
        b"[" * 100_000,
        b'{"message": "a"',
    ],
)
async def test_what_is_not_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    problem = check(await client.post("/api/chat", content=body, headers=JSON), 400, "invalid_request")
    assert "JSON" in problem["detail"]


@pytest.mark.parametrize(
    "message", [rb"half \ud83d end", rb"half \ud83d", rb"\ude00 half", b"half \xed\xa0\xbd", b"half \xf0\x9f"]
)
async def test_half_a_character_is_explained(client: httpx.AsyncClient, message: bytes) -> None:
    body = b'{"message": "' + message + b'"}'
    problem = check(await client.post("/api/chat", content=body, headers=JSON), 400, "invalid_request")
    assert "half of a character" in problem["detail"]
    assert "U+FFFD" in problem["detail"]


@pytest.mark.parametrize("body", [b"[]", b'"hello"', b"42", b"null"])
async def test_a_body_that_is_not_an_object_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    check(await client.post("/api/chat", content=body, headers=JSON), 400, "invalid_request")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_numbers_that_are_none_are_refused(client: httpx.AsyncClient, number: str) -> None:
    body = b'{"message": "a", "temperature": ' + number.encode() + b"}"
    check(await client.post("/api/chat", content=body, headers=JSON), 400, "invalid_request", "temperature")


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "nonsense"])
async def test_another_media_type_is_refused(client: httpx.AsyncClient, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    response = await client.post("/api/chat", content=json.dumps(ECHO).encode(), headers=headers)
    problem = check(response, 415, "unsupported_media_type")
    assert "application/json" in problem["detail"]


async def test_json_by_another_name_is_taken(client: httpx.AsyncClient) -> None:
    for media_type in ("application/json; charset=utf-8", "application/vnd.api+json", "Application/JSON"):
        headers = {"Content-Type": media_type, "Accept": "application/json"}
        response = await client.post("/api/chat", content=json.dumps(ECHO).encode(), headers=headers)
        assert response.status_code == 200


async def test_a_message_over_its_limit_is_too_large(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/chat", json={**ECHO, "message": "é" * 32_769})
    problem = check(response, 413, "too_large", "message")
    assert "32768" in problem["detail"]
    response = await client.post("/api/chat", json={**ECHO, "message": "a" * 1_000_000})
    check(response, 413, "too_large", "message")


@over_each_protocol
async def test_the_longest_message_is_taken(client: httpx.AsyncClient) -> None:
    body = {**ECHO, "message": "🚀" * 32_768, "script": {"tokens_per_second": 10_000}}
    response = await client.post("/api/chat", json=body, headers={"Accept": "application/json"})
    assert response.json()["text"] == "🚀" * 32_768


@over_each_protocol
@pytest.mark.parametrize("size", [1024 * 1024 + 1, 5 * 1024 * 1024])
async def test_a_body_over_its_limit_is_read_and_refused(client: httpx.AsyncClient, size: int) -> None:
    async def body() -> Any:
        for _ in range(size // 65_536 + 1):
            yield b"a" * 65_536

    check(await client.post("/api/chat", content=body(), headers=JSON), 413, "too_large")
    for path, status, code in (("/api/chat", 413, "too_large"), ("/api/nowhere", 404, "not_found")):
        check(await client.post(path, content=b"a" * size, headers=JSON), status, code)


@pytest.mark.parametrize("model", ["scripted/nonsense", "nonsense", "openai/gpt", "/", "local/none"])
async def test_an_unknown_model_is_not_found(client: httpx.AsyncClient, model: str) -> None:
    response = await client.post("/api/chat", json={**ECHO, "model": model})
    problem = check(response, 404, "unknown_model", "model")
    assert "/api/models" in problem["detail"]


async def test_unknown_conversations_and_messages_are_not_found(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/chat", json={**ECHO, "conversation": "conv_none"})
    check(response, 404, "not_found", "conversation")
    started = await client.post("/api/chat", json=ECHO, headers={"Accept": "application/json"})
    conversation = started.json()["conversation"]
    body = {**ECHO, "conversation": conversation, "parent": "msg_none"}
    check(await client.post("/api/chat", json=body), 404, "not_found", "parent")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "message"),
        ("message=", "message"),
        ("message=%20", "message"),
        ("message=a&message=b", "message"),
        ("message=a&temperature=1", "temperature"),
        ("message=a&script=x", "script"),
    ],
)
async def test_a_query_that_cannot_be_used(client: httpx.AsyncClient, query: str, field: str) -> None:
    check(await client.get(f"/api/chat?{query}"), 400, "invalid_request", field)


async def test_a_page_of_another_site_cannot_start_a_reply(client: httpx.AsyncClient) -> None:
    for site, status in (("cross-site", 403), ("same-origin", 200), ("same-site", 200), ("none", 200)):
        response = await client.get("/api/chat", params=ECHO, headers={"Sec-Fetch-Site": site})
        assert response.status_code == status


async def test_a_page_of_another_site_changes_nothing(client: httpx.AsyncClient) -> None:
    """Requests without a body need no preflight, and a cookie goes along."""
    reply = await client.post("/api/chat", json=ECHO, headers={"Accept": "application/json"})
    token = client.headers.pop("headwater-client", None) or reply.headers["headwater-client"]
    conversation = f"/api/conversations/{reply.json()['conversation']}"
    own = str(client.base_url).rstrip("/")
    for method, path in (
        ("POST", f"{conversation}/share"),
        ("POST", f"{conversation}/restore"),
        ("POST", f"/api/generations/{reply.json()['generation']}/cancel"),
        ("DELETE", conversation),
    ):
        for headers in (
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            check(await client.request(method, path, headers=headers), 403, "forbidden")
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": own}, {}):
        assert (await client.post(f"{conversation}/share", headers=headers)).status_code == 200
    foreign = {"Origin": "https://evil.example", "headwater-client": token}
    assert (await client.post(f"{conversation}/share", headers=foreign)).status_code == 200


async def test_no_acceptable_transport(client: httpx.AsyncClient) -> None:
    for accept in ("text/html", "application/xml;q=1, text/event-stream;q=0"):
        check(await client.post("/api/chat", json=ECHO, headers={"Accept": accept}), 406, "not_acceptable")


async def test_no_such_address_and_no_such_method(client: httpx.AsyncClient) -> None:
    check(await client.get("/api/none"), 404, "not_found")
    check(await client.get("/api/generations/gen_none"), 404, "not_found")
    check(await client.get("/api/generations/gen_none/events"), 404, "not_found")
    check(await client.post("/api/generations/gen_none/cancel"), 404, "not_found")
    check(await client.post("/api/scripted/gates/gen_none"), 404, "not_found")
    response = await client.put("/api/chat", json=ECHO)
    check(response, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))
    assert "HEAD" not in response.json()["detail"]
    assert (await client.head("/api/chat", params=ECHO)).status_code == 405


@over_each_protocol
async def test_there_is_no_head_of_a_reply(client: httpx.AsyncClient) -> None:
    started = await client.post("/api/chat", json=ECHO, headers={"Accept": "application/json"})
    path = f"/api/generations/{started.json()['generation']}"
    assert (await client.head(f"{path}/events")).status_code == 405
    assert (await client.head(path)).status_code == 200
    assert (await client.get("/healthz")).status_code == 200


@over_each_protocol
async def test_there_is_no_head_of_what_changes(client: httpx.AsyncClient) -> None:
    response = await client.head("/api/conversations/events")
    assert (response.status_code, response.headers["allow"]) == (405, "GET")
    assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/api/models", "/api/conversations/export", "/none"])
async def test_no_answer_is_taken_for_something_else(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).headers["x-content-type-options"] == "nosniff"


async def test_a_wish_for_a_websocket_is_passed_over_where_there_is_none(server: RunningServer) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/healthz", headers=headers)).status_code == 200
        check(await client.get("/api/none", headers=headers), 404, "not_found")


async def test_a_refusal_is_the_same_over_each_protocol(server: RunningServer) -> None:
    async with (
        httpx.AsyncClient(base_url=server.url) as one,
        httpx.AsyncClient(base_url=server.tls_url, http2=True, verify=False) as two,
    ):
        first, second = [await client.post("/api/chat", json={}) for client in (one, two)]
    assert (first.http_version, second.http_version) == ("HTTP/1.1", "HTTP/2")
    check(first, 400, "invalid_request", "message")
    assert first.headers.keys() - second.headers.keys() <= {"transfer-encoding", "connection"}
    assert (second.status_code, second.headers["content-type"], second.content) == (
        first.status_code,
        first.headers["content-type"],
        first.content,
    )


@pytest.mark.parametrize("folder", ["/", "/assets/"])
async def test_a_name_that_no_file_can_have_is_not_found(client: httpx.AsyncClient, folder: str) -> None:
    check(await client.get(folder + "a" * 5000), 404, "not_found")


async def test_a_query_that_is_no_text(client: httpx.AsyncClient) -> None:
    check(await client.get("/api/chat?message=%ff%fe"), 400, "invalid_request")


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "gen:x", "9" * 40, "a:b:1"])
async def test_a_cursor_that_is_none(client: httpx.AsyncClient, cursor: str) -> None:
    started = await client.post("/api/chat", json=ECHO, headers={"Accept": "application/json"})
    path = f"/api/generations/{started.json()['generation']}/events"
    check(await client.get(path, params={"after": cursor}), 400, "invalid_request", "after")
    check(await client.get(path, headers={"Last-Event-ID": cursor}), 400, "invalid_request", "Last-Event-ID")
    check(await client.get(path, params={"after": "gen_other:1"}), 400, "invalid_request", "after")
    check(await client.get(path, params={"wait": "long"}), 400, "invalid_request", "wait")
    check(await client.get(path, params={"wait": "61"}), 400, "invalid_request", "wait")


async def test_an_event_source_must_name_its_generation(client: httpx.AsyncClient) -> None:
    for seen in ("17", "x"):
        response = await client.get("/api/chat", headers={"Last-Event-ID": seen})
        check(response, 400, "invalid_request", "Last-Event-ID")


async def test_an_idempotency_key_of_no_use(client: httpx.AsyncClient) -> None:
    for key in ("", "k" * 201):
        response = await client.post("/api/chat", json=ECHO, headers={"Idempotency-Key": key})
        check(response, 400, "invalid_request", "Idempotency-Key")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /assets/../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /assets/%2e%2e/%2e%2e/settings.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /chat HTTP/1.1\r\nHost: [::]\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{",
        b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: nonsense\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense nonsense nonsense",
        b"GET /chat?message=a&model=scripted/stall HTTP/1.1\r\nHost: [::]\r\nCookie: \xff\xfe=\xff\r\n\r\n",
    ],
)
async def test_what_is_hardly_http_disturbs_nobody(server: RunningServer, sent: bytes) -> None:
    """The server goes on, and (as for every test here) it has logged no exception when it stops."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b"root:" not in answer
    assert b"HTTP/1.1 200" not in answer or b"scripted/stall" in sent
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{server.url}/healthz")).status_code == 200


def test_every_error_has_its_row_in_the_table() -> None:
    codes = [error.code for error in ProblemError.__subclasses__()]
    assert set(codes) <= set(PROBLEMS)
    assert len(codes) == len(set(codes))
