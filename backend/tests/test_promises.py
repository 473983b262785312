"""The same promises on every transport, kept by one server that all of them are read from."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.running import RunningServer, running
from tests.wires.table import WIRES
from tests.wires.websocket import PATIENCE
from tests.wires.wire import Reading, RefusedError, Seen, Wire

SHARES = 4
"""Keys of each transport that share its replies at once."""

KINDS = ("", "cut-", "limited-", *(f"share{number}-" for number in range(SHARES)))
KEYS = ["stranger", *(kind + name for kind in KINDS for name in WIRES)]

every_wire = pytest.mark.parametrize("name", WIRES)
pairs = pytest.mark.parametrize(
    ("first", "second"), [(a, b) for a, b in itertools.pairwise([*WIRES, *list(WIRES)[:1]])]
)

RATE = 40
"""Starts of a reply that each key has."""

ACTIVE = 3
"""Replies of each key that may run at once."""

PIECES = ["one", " two", " three", " four", " five", " six"]
TEXT = "".join(PIECES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Each wire has a key of its own, so that none counts against another's limits."""
    folder = tmp_path_factory.mktemp("promises")
    with running(
        folder,
        HEADWATER_API_KEYS=",".join(KEYS),
        HEADWATER_HEARTBEAT="0.1",
        HEADWATER_MAX_ACTIVE_PER_CLIENT=str(ACTIVE),
        HEADWATER_RATE_LIMIT=f"{RATE}/hour",
    ) as started:
        yield started


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that waits neither for models nor for readers: for a model less long than for a reader."""
    folder = tmp_path_factory.mktemp("impatient")
    with running(
        folder,
        HEADWATER_API_KEYS=",".join(KEYS),
        HEADWATER_IDLE_TIMEOUT="1",
        HEADWATER_ABANDON_AFTER="1.5",
    ) as started:
        yield started


@asynccontextmanager
async def speaking(server: RunningServer, name: str, key: str | None = None) -> AsyncIterator[Wire]:
    """A wire that is spoken by a client; each has its own, which all wires of a test may share."""
    key = key or name
    headers = key_of(key)
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=PATIENCE) as client:
        yield WIRES[name](server, client, headers)


def body(message: str = TEXT, **script: Any) -> dict[str, Any]:
    script = {"tokens_per_second": 100_000, **script}
    return {"message": message, "model": "scripted/echo", "script": script}


async def all_of(reading: Reading) -> list[Seen]:
    return [seen async for seen in reading]


def text_of(seen: list[Seen]) -> str:
    return "".join(each.text for each in seen)


def check_whole(seen: list[Seen], after: int = 0) -> None:
    """It begins with its start, ends with its outcome, and has each of them once."""
    kinds = [each.kind for each in seen if each.kind != "heartbeat"]
    assert kinds[0] == "start"
    assert kinds[-1] == "outcome"
    assert kinds.count("start") == kinds.count("outcome") == 1
    assert seen[0].cursor == after
    cursors = [each.cursor for each in seen if each.text]
    assert cursors == sorted({cursor for cursor in cursors if cursor is not None})


def generation_of(start: Seen) -> str:
    assert start.kind == "start"
    assert start.told is not None
    generation: str = start.told["generation"]
    return generation


async def until(reading: Reading, enough: Callable[[list[Seen]], bool]) -> list[Seen]:
    seen: list[Seen] = []
    async with asyncio.timeout(20):
        async for each in reading:
            seen.append(each)
            if enough(seen):
                return seen
    raise AssertionError("it ended before")


@every_wire
async def test_a_reply_is_whole_and_ends_once(server: RunningServer, name: str) -> None:
    async with speaking(server, name) as wire, wire.start(body()) as reading:
        seen = await all_of(reading)
    check_whole(seen)
    assert text_of(seen) == TEXT
    assert seen[-1].told is not None
    assert (seen[-1].told["status"], seen[-1].told["reason"]) == ("completed", "stop")
    assert seen[-1].told["timing"]["tokens"] == len(PIECES)


@every_wire
async def test_tokens_arrive_as_they_are_said(server: RunningServer, name: str) -> None:
    """What is said before a gate arrives while the gate is closed, and nothing of what comes after it."""
    gated = body(faults=[{"after": 1, "kind": "gate"}, {"after": 3, "kind": "gate"}])
    async with speaking(server, name) as wire, wire.start(gated) as reading:
        before = await until(reading, lambda seen: text_of(seen) == PIECES[0])
        await open_gate(server, name, generation_of(before[0]))
        between = await until(reading, lambda seen: text_of(seen) == "".join(PIECES[1:3]))
        await open_gate(server, name, generation_of(before[0]))
        after = await all_of(reading)
    check_whole([*before, *between, *after])
    assert text_of(after) == "".join(PIECES[3:])


@pairs
async def test_a_reply_that_was_cut_goes_on_over_another_transport(
    server: RunningServer, first: str, second: str
) -> None:
    """From every cursor, also when it is cut twice."""
    key = f"cut-{first}"
    gated = body(faults=[{"after": 2, "kind": "gate"}])
    async with speaking(server, first, key) as wire, speaking(server, second, key) as other:
        async with wire.start(gated) as reading:
            seen = await until(reading, lambda seen: text_of(seen) == "".join(PIECES[:2]))
        generation = generation_of(seen[0])
        async with other.follow(generation, 1) as reading:
            seen = await until(reading, lambda seen: text_of(seen) == PIECES[1])
            await open_gate(server, first, generation, key)
            rest = await all_of(reading)
        check_whole([*seen, *rest], 1)
        assert text_of(rest) == "".join(PIECES[2:])
        for cursor in range(len(PIECES) + 1):
            async with wire.follow(generation, cursor) as reading:
                seen = await all_of(reading)
            check_whole(seen, cursor)
            assert text_of(seen) == "".join(PIECES[cursor:])


@every_wire
async def test_silence_has_a_heartbeat(server: RunningServer, name: str) -> None:
    async with speaking(server, name) as wire:
        async with wire.start(body(faults=[{"after": 1, "kind": "gate"}])) as reading:
            seen = await until(reading, lambda seen: sum(each.kind == "heartbeat" for each in seen) == 3)
        assert text_of(seen) == PIECES[0]
        await wire.cancel(generation_of(seen[0]))


@every_wire
async def test_a_reply_that_is_stopped_keeps_what_was_said(server: RunningServer, name: str) -> None:
    async with (
        speaking(server, name) as wire,
        wire.start(body(faults=[{"after": 3, "kind": "stall"}])) as reading,
    ):
        seen = await until(reading, lambda seen: text_of(seen) == "".join(PIECES[:3]))
        await wire.cancel(generation_of(seen[0]))
        seen += await all_of(reading)
        check_whole(seen)
        assert text_of(seen) == "".join(PIECES[:3])
        assert seen[-1].told is not None
        assert (seen[-1].told["status"], seen[-1].told["by"]) == ("cancelled", "user")
        await wire.cancel(generation_of(seen[0]))


@every_wire
async def test_a_silent_model_has_a_deadline(impatient: RunningServer, name: str) -> None:
    async with (
        speaking(impatient, name) as wire,
        wire.start(body(faults=[{"after": 1, "kind": "stall"}])) as reading,
        asyncio.timeout(30),
    ):
        seen = await all_of(reading)
    check_whole(seen)
    assert text_of(seen) == PIECES[0]
    assert seen[-1].told is not None
    assert (seen[-1].told["status"], seen[-1].told["code"]) == ("failed", "idle_timeout")


@every_wire
async def test_a_reply_that_nobody_reads_is_stopped(impatient: RunningServer, name: str) -> None:
    async with speaking(impatient, name) as wire:
        slow = body(tokens_per_second=20, repeat=100)
        async with wire.start(slow) as reading:
            seen = await until(reading, lambda seen: bool(text_of(seen)))
    outcome = await outcome_of(impatient, name, generation_of(seen[0]))
    assert (outcome["status"], outcome["by"]) == ("cancelled", "abandoned")


@every_wire
async def test_a_reply_is_its_clients_alone(server: RunningServer, name: str) -> None:
    async with speaking(server, name) as wire, speaking(server, name, "stranger") as stranger:
        async with wire.start(body()) as reading:
            generation = generation_of((await all_of(reading))[0])
        await refused(stranger.follow(generation, 0), "not_found")
        with pytest.raises(RefusedError, match="not_found"):
            await stranger.cancel(generation)
        await refused(wire.follow(generation, 99), "cursor_ahead")


@every_wire
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"message": " \n"}, "invalid_request"),
        ({"model": "scripted/none"}, "unknown_model"),
        ({"temperature": 9.0}, "invalid_request"),
        ({"conversation": "conv_none"}, "not_found"),
        ({"message": "x" * 40_000}, "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
async def test_what_cannot_be_is_refused(
    server: RunningServer, name: str, wrong: dict[str, Any], code: str
) -> None:
    async with speaking(server, name) as wire:
        await refused(wire.start({**body(), **wrong}), code)


@every_wire
async def test_a_key_runs_a_reply_once(server: RunningServer, name: str) -> None:
    async with speaking(server, name) as wire:
        names = set()
        for _ in range(2):
            async with wire.start(body(), f"{name} once") as reading:
                seen = await all_of(reading)
            assert text_of(seen) == TEXT
            names.add(generation_of(seen[0]))
        assert len(names) == 1
        await refused(wire.start(body("other"), f"{name} once"), "conflict")


@every_wire
async def test_a_client_runs_so_many_replies_at_once(server: RunningServer, name: str) -> None:
    gated = body(faults=[{"after": 1, "kind": "gate"}])
    async with speaking(server, name) as wire:
        async with wire.start(gated) as one, wire.start(gated) as two, wire.start(gated) as three:
            starts = [await anext(reading) for reading in (one, two, three)]
            error = await refused(wire.start(gated), "rate_limited")
            assert error.retry_after is not None
        for start in starts:
            await wire.cancel(generation_of(start))


@every_wire
async def test_starts_have_a_limit(server: RunningServer, name: str) -> None:
    async with speaking(server, name, f"limited-{name}") as wire:
        for _ in range(RATE):
            await refused(wire.start({**body(), "model": "scripted/none"}), "unknown_model")
        error = await refused(wire.start(body()), "rate_limited")
    assert error.retry_after is not None


async def refused(start: Any, code: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        async with start as reading:
            await anext(reading)
    assert caught.value.code == code
    return caught.value


def key_of(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def outcome_of(server: RunningServer, name: str, generation: str) -> dict[str, Any]:
    """How a reply ends, found out without reading it."""
    async with httpx.AsyncClient(base_url=server.url, headers=key_of(name)) as client, asyncio.timeout(20):
        outcome: dict[str, Any] | None = None
        while outcome is None:
            await asyncio.sleep(0.05)
            outcome = (await client.get(f"/api/generations/{generation}")).json()["outcome"]
    return outcome


async def open_gate(server: RunningServer, name: str, generation: str, key: str | None = None) -> None:
    async with httpx.AsyncClient(base_url=server.url, headers=key_of(key or name)) as client:
        assert (await client.post(f"/api/scripted/gates/{generation}")).status_code == 204


async def test_replies_over_all_transports_at_once_are_all_whole(server: RunningServer) -> None:
    """Each is read by its own client, and says something of its own."""

    async def ask(name: str, number: int) -> tuple[str, str]:
        message = f"{name} says {number} " + "over and over and over again " * 10 + "."
        paced = body(message, tokens_per_second=200)
        async with (
            speaking(server, name, f"share{number % SHARES}-{name}") as wire,
            wire.start(paced) as reading,
        ):
            seen = await all_of(reading)
        check_whole(seen)
        return message, text_of(seen)

    asked = [ask(name, number) for number in range(SHARES * ACTIVE) for name in WIRES]
    for message, said in await asyncio.gather(*asked):
        assert said == message
