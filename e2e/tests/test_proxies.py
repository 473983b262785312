"""A reply streams through nginx and Caddy as we recommend them, over both protocols, as it does without."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from headwater_server import EXIT_SECONDS, HeadwaterServer, headwater_server
from proxies import caddy, nginx

PROXIES = {"nginx": nginx, "caddy": caddy}
STALL = {"faults": [{"after": 2, "kind": "stall"}]}
HEARTBEAT = ": heartbeat"

Lines = Iterator[str]
Event = dict[str, Any]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadwaterServer]:
    """The server behind the proxies."""
    with headwater_server(
        tmp_path_factory.mktemp("upstream"), HEADWATER_HEARTBEAT="0.2", HEADWATER_TRUSTED_PROXIES="1"
    ) as server:
        yield server
        assert not server.errors()


@pytest.fixture(scope="module", params=[*PROXIES])
def proxied(
    request: pytest.FixtureRequest, upstream: HeadwaterServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of each proxy."""
    with PROXIES[request.param](upstream, tmp_path_factory.mktemp(request.param)) as address:
        yield address


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
def client(proxied: str, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Someone who keeps cookies, over each protocol."""
    with person(proxied, request.param) as client:
        yield client


@contextmanager
def person(address: str, protocol: str) -> Iterator[httpx.Client]:
    def check(response: httpx.Response) -> None:
        assert response.http_version == protocol

    with httpx.Client(
        base_url=address,
        http2=protocol == "HTTP/2",
        verify=False,
        timeout=20,
        event_hooks={"response": [check]},
    ) as client:
        yield client


@contextmanager
def asked(client: httpx.Client, message: str, **script: object) -> Iterator[tuple[str, Lines]]:
    """Ask for a reply; gives the generation's path and the lines of the answer as they arrive."""
    body = {"message": message, "model": "scripted/echo", "script": script}
    with client.stream("POST", "/api/chat", json=body) as response:
        assert response.status_code == 200
        yield response.headers["location"], response.iter_lines()


def events(lines: Lines) -> Iterator[Event]:
    """The events of server-sent events; each has the id of its line."""
    found = ""
    for line in lines:
        if line.startswith("id: "):
            found = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield {"id": found, **json.loads(line.removeprefix("data: "))}


def until(text: str, arriving: Iterator[Event]) -> Event:
    """Read events until their tokens are exactly this text; the last of them."""
    said = ""
    for event in arriving:
        said += event.get("token", "")
        assert text.startswith(said)
        if said == text:
            return event
    raise AssertionError(f"the reply ended after {said!r}")


def test_each_token_is_there_before_the_next_is_said(client: httpx.Client) -> None:
    gates = [{"after": said, "kind": "gate"} for said in (1, 2, 3)]
    with asked(client, "one two three four", faults=gates) as (path, lines):
        arriving = events(lines)
        for word in ("one", " two", " three"):
            until(word, arriving)
            client.post(path.replace("generations", "scripted/gates"))
        until(" four", arriving)
        assert next(arriving)["status"] == "completed"
        assert list(arriving) == []


def test_a_silent_reply_shows_that_it_lives(client: httpx.Client) -> None:
    with asked(client, "one", faults=[{"after": 0, "kind": "gate"}]) as (path, lines):
        for _ in range(2):
            while next(lines) != HEARTBEAT:
                pass
        client.post(path.replace("generations", "scripted/gates"))
        until("one", events(lines))


def test_a_reply_is_stopped(client: httpx.Client) -> None:
    with asked(client, "one two three", **STALL) as (path, lines):
        arriving = events(lines)
        until("one two", arriving)
        assert client.post(f"{path}/cancel").status_code == 202
        outcome = next(arriving)
        assert (outcome["status"], outcome["by"]) == ("cancelled", "user")


def test_a_cut_reply_goes_on_from_the_last_event_seen(client: httpx.Client) -> None:
    gate = {"after": 2, "kind": "gate"}
    with asked(client, "one two three four", faults=[gate]) as (path, lines):
        seen = until("one two", events(lines))
    client.post(path.replace("generations", "scripted/gates"))
    for address in (f"{path}/events", "/api/chat"):
        with client.stream("GET", address, headers={"Last-Event-ID": seen["id"]}) as response:
            arriving = events(response.iter_lines())
            until(" three four", arriving)
            outcome = next(arriving)
            assert outcome["status"] == "completed"
        done = client.get(address, headers={"Last-Event-ID": outcome["id"]})
        assert (done.status_code, done.content) == (204, b"")


def test_the_server_knows_who_asks_and_how_and_takes_large_bodies(client: httpx.Client) -> None:
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "elsewhere.example"}
    assert "Secure" in client.get("/api/models", headers=headers).headers["set-cookie"]
    large = client.post(
        "/api/conversations/import", content=b"[" * 2**21, headers={"Content-Type": "application/json"}
    )
    assert (large.status_code, large.json()["code"]) == (400, "invalid_request")


def test_metrics_stay_inside(client: httpx.Client, upstream: HeadwaterServer) -> None:
    assert httpx.get(f"{upstream.http1}/metrics").status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 404


@pytest.fixture
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HeadwaterServer, dict[str, str]]]:
    """A server of its own behind both proxies, and their addresses by the protocol of each."""
    folder, beside, besides = (tmp_path_factory.mktemp("own") for _ in range(3))
    with (
        headwater_server(folder, HEADWATER_ABANDON_AFTER="0.2") as server,
        nginx(server, beside) as one,
        caddy(server, besides) as other,
    ):
        yield server, {"HTTP/2": one, "HTTP/1.1": other}


def test_who_leaves_is_missed_and_who_stays_gets_the_outcome_when_the_server_is_stopped(
    behind: tuple[HeadwaterServer, dict[str, str]],
) -> None:
    server, proxies = behind
    for protocol, address in proxies.items():
        with (
            person(address, protocol) as client,
            client.stream("GET", "/api/conversations/events") as told,
        ):
            changes = events(told.iter_lines())
            with person(address, protocol) as leaving:
                leaving.cookies = client.cookies
                with asked(leaving, "one two three", **STALL) as (path, lines):
                    until("one two", events(lines))
            outcome = None
            while outcome is None:
                next(changes)
                outcome = client.get(path).json()["outcome"]
            assert (outcome["status"], outcome["by"]) == ("cancelled", "abandoned")

    (one, at_one), (other, at_other) = proxies.items()
    with (
        person(at_one, one) as first,
        person(at_other, other) as second,
        asked(first, "one two three", **STALL) as (_, lines),
        asked(second, "one two three", **STALL) as (_, more_lines),
    ):
        waiting = [events(lines), events(more_lines)]
        for arriving in waiting:
            until("one two", arriving)
        server.process.terminate()
        for arriving in waiting:
            assert [event["status"] for event in arriving] == ["interrupted"]
    assert server.process.wait(EXIT_SECONDS) == 0


def test_a_server_that_stops_still_answers_when_caddy_has_no_other(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder, beside = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("caddy")
    with (
        headwater_server(folder, HEADWATER_DRAIN_TIMEOUT="30") as server,
        caddy(server, beside) as address,
        person(address, "HTTP/2") as client,
        asked(client, "one two three", faults=[{"after": 2, "kind": "gate"}]) as (path, lines),
    ):
        arriving = events(lines)
        until("one two", arriving)
        server.process.terminate()
        while "status code out of tolerances" not in (beside / "proxy.log").read_text("utf-8"):
            server.check_that_it_runs()
        refused = client.post("/api/chat", json={"message": "one"})
        assert (refused.status_code, refused.json()["code"]) == (503, "shutting_down")
        client.post(path.replace("generations", "scripted/gates"))
        until(" three", arriving)
        assert next(arriving)["status"] == "completed"
