"""Responses, asked for with the `openai` package."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx2
import openai as package
import pytest
from openai import AsyncOpenAI

from headwater.identity.identify import HEADER
from tests.clients.scripts import FAST, PACE, gated, open_gate, over_each_protocol
from tests.running import RunningServer, running

SAID = "one two three four"

BEFORE_TEXT = 3
"""The number of the event before the first piece of a text: created, in progress, item, content."""


def ask(**more: Any) -> Any:
    return {"model": "scripted/echo", "input": SAID, "extra_body": FAST, **more}


async def everything(stream: Any) -> list[Any]:
    return [event async for event in stream]


def text_of(events: list[Any]) -> str:
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


async def test_a_whole_response_is_found_again(openai: AsyncOpenAI) -> None:
    made = await openai.responses.create(**ask())
    assert (made.status, made.output_text) == ("completed", SAID)
    assert made.usage is not None
    assert (made.usage.input_tokens, made.usage.output_tokens) == (4, 4)
    assert await openai.responses.retrieve(made.id) == made
    once = await openai.responses.create(**ask(store=False))
    assert once.output_text == SAID
    with pytest.raises(package.NotFoundError):
        await openai.responses.retrieve(once.id)


@over_each_protocol
async def test_a_response_streams(openai: AsyncOpenAI, server: RunningServer) -> None:
    """What was said before the gate is there while the gate is closed, and nothing else."""
    stream = await openai.responses.create(**ask(stream=True, extra_body=gated(2)))
    events: list[Any] = []
    while text_of(events) != "one two":
        events.append(await anext(stream))
    following = asyncio.ensure_future(anext(stream))
    done, _ = await asyncio.wait([following], timeout=0.5)  # heartbeats come meanwhile
    assert not done
    await open_gate(server, stream.response.headers)
    events += [await following, *await everything(stream)]
    assert text_of(events) == SAID
    assert [event.type.removeprefix("response.") for event in events if not event.type.endswith("delta")] == [
        "created", "in_progress", "output_item.added", "content_part.added",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert events[-1].response == await openai.responses.retrieve(events[-1].response.id)


@over_each_protocol
@pytest.mark.parametrize("model", ["scripted/echo", "scripted/reasoning"])
async def test_the_package_s_own_reader_takes_it(openai: AsyncOpenAI, model: str) -> None:
    kwargs = ask(model=model)
    async with openai.responses.stream(**kwargs) as stream:
        events: list[Any] = await everything(stream)
        final = await stream.get_final_response()
    assert final.output_text == text_of(events)
    kinds = [item.type for item in final.output]
    assert kinds == (["reasoning", "message"] if model == "scripted/reasoning" else ["message"])
    async with openai.responses.stream(
        response_id=final.id, starting_after=events[5].sequence_number
    ) as again:
        rest: list[Any] = await everything(again)
    assert rest[-1] == events[-1]
    assert text_of(events[:6]) + text_of(rest) == final.output_text


@over_each_protocol
async def test_a_reader_that_left_resumes(openai: AsyncOpenAI, server: RunningServer) -> None:
    stream = await openai.responses.create(**ask(stream=True, extra_body=gated(2)))
    seen: list[Any] = []
    while text_of(seen) != "one two":
        seen.append(await anext(stream))
    headers = stream.response.headers
    await stream.close()
    resumed = await openai.responses.retrieve(
        seen[0].response.id, stream=True, starting_after=seen[-1].sequence_number
    )
    await open_gate(server, headers)
    seen += await everything(resumed)
    assert text_of(seen) == SAID
    assert [event.type for event in seen].count("response.completed") == 1
    assert seen[-1].response.output_text == SAID
    for end in (seen[-1].sequence_number, 10_000):
        after = openai.responses.retrieve(seen[0].response.id, stream=True, starting_after=end)
        if end == 10_000:
            with pytest.raises(package.ConflictError) as ahead:
                await after
            assert ahead.value.code == "cursor_ahead"
        else:
            assert await everything(await after) == []


async def test_one_reply_over_their_wire_and_ours(openai: AsyncOpenAI, server: RunningServer) -> None:
    """Each is gone on with over the other, from the cursor where it was left."""
    stream = await openai.responses.create(**ask(stream=True, extra_body=gated(2)))
    seen: list[Any] = []
    while text_of(seen) != "one two":
        seen.append(await anext(stream))
    headers = stream.response.headers
    await stream.close()
    await open_gate(server, headers)
    cursor = seen[-1].sequence_number - BEFORE_TEXT
    named = {HEADER: headers[HEADER]}
    async with httpx2.AsyncClient(base_url=server.url, headers=named) as client:
        rest = await client.get(f"{headers['location']}/events?after={cursor}")
        assert "".join(re.findall('"token":"([^"]*)"', rest.text)) == " three four"

        started = await client.post("/api/chat", json={"message": SAID, "model": "scripted/echo", **FAST})
        generation = started.headers["location"].rpartition("/")[2]
    async with openai.with_options(default_headers=named) as same:
        resumed = same.responses.retrieve(
            generation.replace("gen_", "resp_"), stream=True, starting_after=2 + BEFORE_TEXT
        )
        assert text_of(await everything(await resumed)) == " three four"


async def test_a_key_makes_a_response_once(openai: AsyncOpenAI) -> None:
    once = {"Idempotency-Key": "once"}
    first, second = [await openai.responses.create(**ask(), extra_headers=once) for _ in range(2)]
    assert first == second
    with pytest.raises(package.ConflictError):
        await openai.responses.create(**ask(input="other"), extra_headers=once)


async def test_one_goes_on_from_another(openai: AsyncOpenAI) -> None:
    items: Any = [
        {"role": "developer", "content": "Count."},
        {"role": "user", "content": [{"type": "input_text", "text": "one"}]},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    first = await openai.responses.create(**ask(input=items))
    assert first.usage is not None
    assert first.usage.input_tokens == 4
    more: Any = [{"role": "developer", "content": "Again."}, {"role": "user", "content": "four"}]
    second = await openai.responses.create(**ask(input=more, previous_response_id=first.id))
    assert second.usage is not None
    assert second.usage.input_tokens == 7, "the model has the whole conversation, and what it was told in it"
    assert second.previous_response_id == first.id
    assert (await openai.responses.retrieve(second.id)).previous_response_id == first.id
    branch = await openai.responses.create(
        **ask(input="other", previous_response_id=first.id, instructions="Be brief.", store=False)
    )
    assert branch.usage is not None
    assert (branch.output_text, branch.usage.input_tokens) == ("other", 8)
    output: Any = [item.to_dict() for item in second.output]
    by_hand = await openai.responses.create(**ask(input=[*items, *output, {"role": "user", "content": "x"}]))
    assert by_hand.status == "completed"
    with pytest.raises(package.BadRequestError) as caught:
        await openai.responses.create(**ask(previous_response_id="resp_none"))
    assert caught.value.param == "previous_response_id"


@over_each_protocol
async def test_in_the_background_until_it_is_cancelled(openai: AsyncOpenAI) -> None:
    made = await openai.responses.create(**ask(background=True, extra_body=gated(2)))
    assert made.status == "in_progress"
    reading = asyncio.ensure_future(everything(await openai.responses.retrieve(made.id, stream=True)))
    cancelled = await openai.responses.cancel(made.id)
    assert cancelled.status == "cancelled"
    assert await openai.responses.cancel(made.id) == cancelled
    events = await reading
    assert events[-1].type == "response.incomplete"
    assert events[-1].response == cancelled
    assert cancelled.output_text == text_of(events)


async def test_how_responses_end(openai: AsyncOpenAI) -> None:
    cut = await openai.responses.create(**ask(max_output_tokens=2))
    assert (cut.status, cut.output_text) == ("incomplete", "one two")
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"
    fails: Any = {"script": {**PACE, "faults": [{"after": 2, "kind": "error"}]}}
    with pytest.raises(package.InternalServerError, match="scripted model failed"):
        await openai.responses.create(**ask(extra_body=fails))
    events: list[Any] = await everything(await openai.responses.create(**ask(extra_body=fails, stream=True)))
    assert events[-1].type == "response.failed"
    assert events[-1].response.error.code == "server_error"
    kept = await openai.responses.retrieve(events[0].response.id)
    assert (kept.status, kept.output_text) == ("failed", "one two")


@over_each_protocol
async def test_what_is_not_stored_ends_with_its_reader(openai: AsyncOpenAI, server: RunningServer) -> None:
    stream = await openai.responses.create(**ask(stream=True, store=False, extra_body=gated(1)))
    headers = stream.response.headers
    await openai.close()  # over HTTP/2 this package resets no stream: only its connection tells
    looking = {HEADER: headers[HEADER]}
    async with asyncio.timeout(5), httpx2.AsyncClient(base_url=server.url, headers=looking) as client:
        outcome = None
        while outcome is None:  # looking does not count as reading
            outcome = (await client.get(headers["location"])).json()["outcome"]
    assert outcome["by"] == "abandoned"


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"text": {"format": {"type": "json_object"}}}, "text"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True, "store": False}, "background"),
        ({"input": " "}, "input"),
        ({"input": []}, "input"),
        ({"input": [{"role": "assistant", "content": "x"}]}, "input"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].id"),
        ({"input": [{"type": "item_reference", "id": ["x"]}]}, "input[0].id"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content"),
    ],
)
async def test_what_cannot_be_honoured_is_refused_by_its_name(
    openai: AsyncOpenAI, wrong: Any, param: str
) -> None:
    with pytest.raises(package.BadRequestError) as caught:
        await openai.responses.create(**ask(**wrong))
    assert caught.value.param == param


@pytest.mark.parametrize(
    "more",
    [
        {"reasoning": {"effort": "low", "summary": "auto"}},
        {"include": ["reasoning.encrypted_content"]},
        {"text": {"verbosity": "low", "format": {"type": "text"}}},
        {"extra_body": {"top_k": 40, "session": {"id": "x"}}},
        {"max_output_tokens": -1},
        {"input": [{"role": "user", "content": SAID, "id": 7, "cache": True}]},
    ],
)
async def test_what_is_not_known_is_passed_over(openai: AsyncOpenAI, more: Any) -> None:
    assert (await openai.responses.create(**ask(**more))).output_text == SAID


@pytest.mark.parametrize("model", ["scripted/echo", "scripted/reasoning"])
@pytest.mark.parametrize("type_", [{"type": "item_reference"}, {"type": None}, {}])
async def test_an_output_is_known_by_its_ids(
    openai: AsyncOpenAI, server: RunningServer, model: str, type_: dict[str, str]
) -> None:
    made = await openai.responses.create(**ask(model=model))
    question = {"role": "user", "content": SAID}
    by_id: Any = [
        question,
        *({"id": item.id, **type_} for item in made.output),
        {"role": "user", "content": "again"},
    ]
    in_full: Any = [question, {"role": "assistant", "content": made.output_text}, by_id[-1]]
    follow_up = await openai.responses.create(**ask(input=by_id))
    assert follow_up.usage is not None
    assert follow_up.usage == (await openai.responses.create(**ask(input=in_full))).usage
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="other", max_retries=0) as other:
        with pytest.raises(package.BadRequestError) as caught:
            await other.responses.create(**ask(input=by_id))
    assert caught.value.param == "input[1].id"


async def test_a_response_is_its_client_s_alone(openai: AsyncOpenAI, server: RunningServer) -> None:
    made = await openai.responses.create(**ask())
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="other", max_retries=0) as other:
        for asked in (
            other.responses.retrieve(made.id),
            other.responses.retrieve(made.id, stream=True),
            other.responses.cancel(made.id),
        ):
            with pytest.raises(package.NotFoundError):
                await asked


async def test_a_response_outlives_the_server(tmp_path: Path) -> None:
    made: Any = None
    numbers: list[int] = []
    for again in (False, True):
        with running(tmp_path) as server:
            async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="key", max_retries=0) as client:
                if not again:
                    events: list[Any] = await everything(await client.responses.create(**ask(stream=True)))
                    numbers = [event.sequence_number for event in events]
                    made = events[-1].response
                    continue
                assert await client.responses.retrieve(made.id) == made
                resumed = await client.responses.retrieve(made.id, stream=True, starting_after=numbers[3])
                rest: list[Any] = await everything(resumed)
                assert text_of(rest) == SAID
                assert rest[-1].response == made
                follow_up = await client.responses.create(**ask(input="and", previous_response_id=made.id))
                assert follow_up.usage is not None
                assert follow_up.usage.input_tokens == 9


async def test_a_response_that_a_crash_cut_ends_for_whoever_saw_more_than_was_saved(tmp_path: Path) -> None:
    killed = RunningServer(tmp_path).wait_until_ready()
    async with AsyncOpenAI(base_url=f"{killed.url}/v1", api_key="key", max_retries=0) as client:
        stream = await client.responses.create(**ask(stream=True, extra_body=gated(2)))
        seen: list[Any] = []
        while text_of(seen) != "one two":
            seen.append(await anext(stream))
        killed.process.kill()
        killed.stop()
    with running(tmp_path) as server:
        async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="key", max_retries=0) as client:
            for ahead in (0, 1000):
                resumed = await client.responses.retrieve(
                    seen[0].response.id, stream=True, starting_after=seen[-1].sequence_number + ahead
                )
                rest: list[Any] = await everything(resumed)
                assert rest[-1].type == "response.failed"
