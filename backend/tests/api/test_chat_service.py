"""gRPC with the stock client, as people have it: what the other transports promise, in its own terms."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from headwater.v1.chat_pb2 import (
    CancelRequest,
    ChatRequest,
    ChatResponse,
    Fault,
    FollowRequest,
    ReplyRequest,
    Script,
)
from headwater.v1.chat_pb2_grpc import ChatServiceStub
from tests.running import RunningServer, running

PATIENCE = 20
"""Seconds after which a call that should have ended has failed."""

FAST = Script(tokens_per_second=100_000)


def gate(after: int) -> Script:
    return Script(tokens_per_second=100_000, faults=[Fault(after=after, kind="gate")])


STALLED = Script(faults=[Fault(after=2, kind="stall")])


@dataclass
class Person:
    """One client of a server, over gRPC and over HTTP."""

    server: RunningServer
    channel: grpc.Channel
    token: str

    @property
    def metadata(self) -> list[tuple[str, str]]:
        return [("headwater-client", self.token)]

    def call(self, method: str, request: Any, *metadata: tuple[str, str], within: float = PATIENCE) -> Any:
        stub = ChatServiceStub(self.channel)
        return getattr(stub, method)(request, timeout=within, metadata=[*self.metadata, *metadata])

    def chat(self, message: str, script: Script = FAST, **members: Any) -> Any:
        return self.call(
            "StreamChat", ChatRequest(message=message, model="scripted/echo", script=script, **members)
        )

    def http(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = {"headwater-client": self.token}
        return httpx.request(method, self.server.url + path, headers=headers, timeout=PATIENCE, **given)

    def open_gate(self, generation: str) -> None:
        assert self.http("POST", f"/api/scripted/gates/{generation}").status_code == 204


@contextmanager
def somebody(server: RunningServer) -> Iterator[Person]:
    token = httpx.get(f"{server.url}/api/models").headers["headwater-client"]
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        yield Person(server, channel, token)


@pytest.fixture
def me(server: RunningServer) -> Iterator[Person]:
    with somebody(server) as found:
        yield found


def said(messages: list[ChatResponse]) -> str:
    """The text of a response that is as every response has to be, but for an end that it may lack."""
    first, *rest = messages
    assert first.HasField("start")
    assert not any(message.HasField("start") for message in rest)
    assert not any(message.done or message.HasField("outcome") for message in messages[:-1])
    assert messages[-1].done == messages[-1].HasField("outcome")
    cursors = [message.cursor for message in messages]
    assert cursors == sorted(cursors)
    assert {message.generation for message in messages} == {first.generation}
    return "".join(message.token for message in messages)


def until(call: Any, text: str) -> list[ChatResponse]:
    """Read a response only as far as it takes to have a text."""
    seen: list[ChatResponse] = []
    while not seen or said(seen) != text:
        seen.append(next(call))
    return seen


def refused(ask: Callable[[], Any]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        list(ask())
    return caught.value


def trailing(error: Any) -> dict[str, str]:
    return dict(error.trailing_metadata())


def test_a_reply_arrives_as_it_is_said(me: Person) -> None:
    call = me.chat("one two three four", gate(2))
    seen = until(call, "one two")
    me.open_gate(seen[0].generation)
    seen += call
    assert said(seen) == "one two three four"
    assert (seen[0].cursor, seen[-1].cursor) == (0, 4)
    outcome = seen[-1].outcome
    assert (outcome.status, outcome.reason, outcome.usage.completion_tokens) == ("completed", "stop", 4)
    assert outcome.timing.tokens == 4
    assert not outcome.HasField("code")
    assert call.code() is grpc.StatusCode.OK
    assert dict(call.initial_metadata())["cache-control"] == "no-cache, no-transform"


def test_reasoning_has_its_place(me: Person) -> None:
    request = ChatRequest(message="why", model="scripted/reasoning", script=FAST)
    seen = list(me.call("StreamChat", request))
    kinds = [
        bool(message.token) - bool(message.reasoning)
        for message in seen
        if message.token or message.reasoning
    ]
    assert kinds == sorted(kinds)
    assert {-1, 1} == set(kinds)


def said_name(messages: list[ChatResponse]) -> str:
    assert messages[-1].done
    return messages[0].generation


def test_a_deadline_and_a_cancelled_call_leave_a_reader_less_and_the_reply_running(me: Person) -> None:
    late = me.call(
        "StreamChat", ChatRequest(message="a b c", model="scripted/echo", script=STALLED), within=0.5
    )
    with pytest.raises(grpc.RpcError) as caught:
        for message in late:
            name = message.generation
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    until_no_reader_is_left(me)
    call = me.call("Follow", FollowRequest(generation=name))
    until(call, "a b")
    call.cancel()
    until_no_reader_is_left(me)
    assert me.http("GET", f"/api/generations/{name}").json()["outcome"] is None
    me.call("Cancel", CancelRequest(generation=name))


def until_no_reader_is_left(me: Person) -> None:
    until = time.monotonic() + PATIENCE
    while not re.search(r"^headwater_followers 0\.0$", me.http("GET", "/metrics").text, re.MULTILINE):
        assert time.monotonic() < until


def test_a_reply_is_stopped(me: Person) -> None:
    call = me.chat("a b c", STALLED)
    seen = until(call, "a b")
    stopped = me.call("Cancel", CancelRequest(generation=seen[0].generation))
    assert (stopped.text, stopped.cursor, stopped.HasField("outcome")) == ("a b", 2, False)
    seen += call
    assert (seen[-1].outcome.status, seen[-1].outcome.by) == ("cancelled", "user")
    again = me.call("Cancel", CancelRequest(generation=seen[0].generation))
    assert again.outcome == seen[-1].outcome


def test_a_failure_of_the_model_is_an_outcome_and_no_error(me: Person) -> None:
    seen = list(me.chat("a b c", Script(faults=[Fault(after=2, kind="error")])))
    assert said(seen) == "a b"
    outcome = seen[-1].outcome
    assert (outcome.status, outcome.code, outcome.retryable) == ("failed", "provider_error", True)


def test_another_reply_and_the_continuation_of_one(me: Person) -> None:
    first = next(iter(me.chat("one two"))).start
    again = list(
        me.call("StreamReply", ReplyRequest(conversation=first.conversation, to=first.parent, script=FAST))
    )
    assert said(again) == "one two"
    assert again[0].start.parent == first.parent
    on = list(me.call("StreamReply", ReplyRequest(conversation=first.conversation, to=first.message)))
    assert on[0].start.parent == first.message
    next_one = list(me.chat("three", conversation=first.conversation, parent=first.message))
    assert next_one[0].start.conversation == first.conversation


LONG = "a" * 32_769
INVALID, ABSENT = "INVALID_ARGUMENT", "NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "request_", "status", "code", "field"),
    [
        ("StreamChat", ChatRequest(), INVALID, "invalid_request", "message"),
        ("StreamChat", ChatRequest(message=" \n"), INVALID, "invalid_request", "message"),
        ("StreamChat", ChatRequest(message="a\0b"), INVALID, "invalid_request", "message"),
        ("StreamChat", ChatRequest(message=LONG), INVALID, "too_large", "message"),
        ("StreamChat", ChatRequest(message="a", model=""), INVALID, "invalid_request", "model"),
        ("StreamChat", ChatRequest(message="a", model="no/such"), ABSENT, "unknown_model", "model"),
        (
            "StreamChat",
            ChatRequest(message="a", temperature=float("nan")),
            INVALID,
            "invalid_request",
            "temperature",
        ),
        ("StreamChat", ChatRequest(message="a", temperature=2.1), INVALID, "invalid_request", "temperature"),
        ("StreamChat", ChatRequest(message="a", max_tokens=0), INVALID, "invalid_request", "max_tokens"),
        ("StreamChat", ChatRequest(message="a", conversation="conv_x"), ABSENT, "not_found", "conversation"),
        ("StreamChat", ChatRequest(message="a", parent="msg_x"), INVALID, "invalid_request", "parent"),
        (
            "StreamChat",
            ChatRequest(message="a", script=Script(faults=[Fault(kind="joke")])),
            INVALID,
            "invalid_request",
            "script.faults.0.kind",
        ),
        ("StreamReply", ReplyRequest(to="msg_x"), INVALID, "invalid_request", "conversation"),
        (
            "StreamReply",
            ReplyRequest(conversation="c\0", to="m"),
            INVALID,
            "invalid_request",
            "conversation",
        ),
        ("Follow", FollowRequest(), INVALID, "invalid_request", "generation"),
        ("Follow", FollowRequest(generation="gen_x"), ABSENT, "not_found", None),
        ("Follow", FollowRequest(generation="gen\0"), INVALID, "invalid_request", "generation"),
        ("Cancel", CancelRequest(generation="gen_x"), ABSENT, "not_found", None),
        ("Cancel", CancelRequest(), INVALID, "invalid_request", "generation"),
    ],
)
def test_what_is_wrong_is_said_by_a_status(
    me: Person, method: str, request_: Any, status: str, code: str, field: str | None
) -> None:
    error = refused(lambda: call_to_its_end(me, method, request_))
    assert error.code() is grpc.StatusCode[status]
    assert error.details()
    assert trailing(error)["headwater-code"] == code
    assert trailing(error).get("headwater-field") == field
    assert "headwater-client" not in dict(error.initial_metadata())


def call_to_its_end(me: Person, method: str, request: Any, *metadata: tuple[str, str]) -> Any:
    call = me.call(method, request, *metadata)
    return [call] if method == "Cancel" else call


def test_a_cursor_ahead_of_the_log_is_out_of_range(me: Person) -> None:
    name = said_name(list(me.chat("a b")))
    error = refused(lambda: me.call("Follow", FollowRequest(generation=name, after=3)))
    assert (error.code(), trailing(error)["headwater-code"]) == (grpc.StatusCode.OUT_OF_RANGE, "cursor_ahead")


def test_a_token_that_was_not_issued_here_is_nobodys(me: Person) -> None:
    me.token += "x"
    error = refused(lambda: me.chat("a"))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert trailing(error)["headwater-code"] == "unauthorized"


def test_a_key_starts_a_reply_once_whatever_the_transport(me: Person) -> None:
    key = ("idempotency-key", f"key of {me.token}")
    request = ChatRequest(message="a b", model="scripted/echo", script=FAST)
    names = {said_name(list(me.call("StreamChat", request, key))) for _ in range(3)}
    body = {"message": "a b", "model": "scripted/echo", "script": {"tokens_per_second": 100_000}}
    headers = {"headwater-client": me.token, key[0]: key[1], "Accept": "application/json"}
    posted = httpx.post(f"{me.server.url}/api/chat", json=body, headers=headers).json()
    assert names == {posted["generation"]}
    error = refused(lambda: me.call("StreamChat", ChatRequest(message="other"), key))
    assert (error.code(), trailing(error)["headwater-code"]) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "conflict",
    )
    assert refused(lambda: me.call("StreamChat", request, ("idempotency-key", ""))).code().name == INVALID


@pytest.mark.parametrize("port", ["grpc_port", "port", "tls_port"])
def test_every_port_speaks_grpc(server: RunningServer, port: str) -> None:
    target = f"localhost:{getattr(server, port)}"
    if port == "tls_port":
        certificate = (server.folder / "data" / "certificate.pem").read_bytes()
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(certificate))
    else:
        channel = grpc.insecure_channel(target)
    with channel:
        request = ChatRequest(message="one two", model="scripted/echo", script=FAST)
        call = ChatServiceStub(channel).StreamChat(request, timeout=PATIENCE)
        assert said(list(call)) == "one two"
        assert dict(call.initial_metadata())["headwater-client"]


def test_a_hundred_replies_at_once_lose_nothing(tmp_path: Path) -> None:
    words = " ".join(map(str, range(50)))
    with running(tmp_path) as server, somebody(server) as me:
        calls = [me.chat(words, Script(tokens_per_second=200)) for _ in range(100)]
        assert [said(list(call)) for call in calls] == [words] * 100


def test_starts_count_together_with_those_of_other_transports(tmp_path: Path) -> None:
    with (
        running(tmp_path, HEADWATER_RATE_LIMIT="2/hour", HEADWATER_API_KEYS="first") as server,
        somebody(server) as me,
    ):
        assert (
            me.http("POST", "/api/chat", json={"message": "a", "model": "scripted/echo"}).status_code == 200
        )
        error = refused(lambda: me.chat(""))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        error = refused(lambda: me.chat("a"))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert trailing(error)["headwater-code"] == "rate_limited"
        assert int(trailing(error)["retry-after"]) > 1000
        metrics = me.http("GET", "/metrics").text
        assert 'headwater_refusals_total{code="rate_limited"} 1.0' in metrics
        request = ChatRequest(message="a", model="scripted/echo", script=FAST)
        with_key = me.call("StreamChat", request, ("authorization", "Bearer first"))
        assert said(list(with_key)) == "a"
        error = refused(lambda: me.call("StreamChat", request, ("authorization", "Bearer second")))
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED


def test_at_a_shutdown_readers_get_the_outcome_and_who_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_DRAIN_TIMEOUT="5") as server, somebody(server) as me:
        call = me.chat("a b c", STALLED)
        seen = until(call, "a b")
        request = ChatRequest(
            message="a", model="scripted/long", script=Script(repeat=600, tokens_per_second=1e6)
        )
        unread = me.call("StreamChat", request)
        assert next(unread).HasField("start")
        server.process.send_signal(signal.SIGTERM)
        until_draining(server)
        error = refused(lambda: me.chat("d"))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert trailing(error)["headwater-code"] == "shutting_down"
        assert trailing(error)["retry-after"]
        seen += call
        assert (said(seen), seen[-1].outcome.status) == ("a b", "interrupted")
        status, _ = server.stop()
        assert status == 0


def until_draining(server: RunningServer) -> None:
    until = time.monotonic() + PATIENCE
    while httpx.get(f"{server.url}/readyz").status_code == 200:
        assert time.monotonic() < until
