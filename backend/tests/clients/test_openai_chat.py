"""Chat completions, asked for with the `openai` package."""

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai as package
import pytest
from openai import AsyncOpenAI

from headwater.identity.identify import HEADER
from tests.clients.scripts import FAST, PACE, gated, open_gate, over_each_protocol
from tests.providers.model_server import Answer, delta, model_server
from tests.running import RunningServer, free_port, running

ASKED: Any = [{"role": "user", "content": "one two three four"}]
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
JSON = {"Content-Type": "application/json"}
SOON = 10
"""Seconds within which the model server has to miss a client that left; a reader who may return has 60."""


def ask(**more: Any) -> Any:
    return {"model": "scripted/echo", "messages": ASKED, "extra_body": FAST, **more}


async def test_models_are_listed_and_found(openai: AsyncOpenAI) -> None:
    listed = [model async for model in openai.models.list()]
    assert "scripted/echo" in [model.id for model in listed]
    assert await openai.models.retrieve("scripted/echo") in listed
    with pytest.raises(package.NotFoundError):
        await openai.models.retrieve("scripted/none")


@over_each_protocol
async def test_a_reply_streams(openai: AsyncOpenAI, server: RunningServer) -> None:
    """What was said before the gate is there while the gate is closed, and nothing else."""
    stream = await openai.chat.completions.create(**ask(stream=True, extra_body=gated(2)))
    chunks = [await anext(stream) for _ in range(2)]
    while "".join(chunk.choices[0].delta.content or "" for chunk in chunks) != "one two":
        chunks.append(await anext(stream))
    following = asyncio.ensure_future(anext(stream))
    done, _ = await asyncio.wait([following], timeout=0.5)  # heartbeats come meanwhile
    assert not done
    await open_gate(server, stream.response.headers)
    chunks += [await following, *[chunk async for chunk in stream]]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "one two three four"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "stop"]
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert stream.response.headers["cache-control"] == "no-cache, no-transform"


async def test_usage_is_told_where_it_is_asked_for(openai: AsyncOpenAI) -> None:
    options: Any = {"include_usage": True}
    stream = await openai.chat.completions.create(**ask(stream=True, stream_options=options))
    *chunks, last = [chunk async for chunk in stream]
    assert all(chunk.usage is None for chunk in chunks)
    assert last.choices == []
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens) == (4, 4, 8)


async def test_a_whole_reply(openai: AsyncOpenAI) -> None:
    messages: Any = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "before"},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "what"}, {"type": "text", "text": "ever"}],
        },
        {"role": "user", "content": [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]},
    ]
    harmless: Any = {
        "n": 1,
        "user": "me",
        "metadata": {"a": "b"},
        "store": False,
        "tools": [],
        "logprobs": None,
    }
    reply = await openai.chat.completions.create(**ask(messages=messages, **harmless))
    assert reply.choices[0].message.content == "one two"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.prompt_tokens == 6


@pytest.mark.parametrize(
    ("how", "text", "reason"),
    [
        ({"max_tokens": 2}, "one two", "length"),
        ({"max_completion_tokens": 3, "max_tokens": 1}, "one two three", "length"),
        ({"stop": "o thr"}, "one tw", "stop"),
        ({"stop": ["four", "three"]}, "one two ", "stop"),
    ],
)
async def test_where_a_reply_ends(openai: AsyncOpenAI, how: Any, text: str, reason: str) -> None:
    whole = await openai.chat.completions.create(**ask(**how))
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (text, reason)
    said, ended = "", None
    async for chunk in await openai.chat.completions.create(**ask(stream=True, **how)):
        said += chunk.choices[0].delta.content or ""
        ended = chunk.choices[0].finish_reason
    assert (said, ended) == (text, reason)


async def test_reasoning_is_told_apart(openai: AsyncOpenAI) -> None:
    asked = ask(model="scripted/reasoning")
    whole: Any = await openai.chat.completions.create(**asked)
    thought = said = ""
    chunk: Any
    async for chunk in await openai.chat.completions.create(**asked, stream=True):
        thought += getattr(chunk.choices[0].delta, "reasoning_content", "")
        said += chunk.choices[0].delta.content or ""
    message = whole.choices[0].message
    assert (message.reasoning_content, message.content) == (thought, said)
    assert thought
    assert said


@pytest.mark.parametrize(
    ("wrong", "status", "param", "code"),
    [
        ({"n": 2}, 400, "n", "invalid_request"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, 400, "tools", "invalid_request"),
        ({"logprobs": True}, 400, "logprobs", "invalid_request"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format", "invalid_request"),
        ({"audio": {"voice": "a", "format": "mp3"}}, 400, "audio", "invalid_request"),
        ({"stop": list("abcde")}, 400, "stop", "invalid_request"),
        ({"temperature": 3}, 400, "temperature", "invalid_request"),
        ({"messages": []}, 400, "messages", "invalid_request"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages[0].role", "invalid_request"),
        (
            {
                "messages": [
                    *ASKED,
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
                ]
            },
            400,
            "messages[1].content",
            "invalid_request",
        ),
        (
            {"messages": [{"role": "assistant", "content": "x", "tool_calls": [{"id": "1"}]}]},
            400,
            "messages[0].tool_calls",
            "invalid_request",
        ),
        ({"messages": [{"role": "user", "content": "a" * 32_769}]}, 413, "messages", "too_large"),
        ({"model": "scripted/none"}, 404, "model", "model_not_found"),
    ],
)
async def test_what_cannot_be_honoured_is_refused_by_its_name(
    openai: AsyncOpenAI, wrong: Any, status: int, param: str, code: str
) -> None:
    for stream in (False, True):
        with pytest.raises(package.APIStatusError) as caught:
            await openai.chat.completions.create(**ask(**wrong, stream=stream))
        error: Any = caught.value
        assert (error.status_code, error.param, error.code) == (status, param, code)
        assert error.type == "invalid_request_error"
        assert error.body["message"].endswith(".")


@pytest.mark.parametrize(
    "more",
    [
        {"extra_body": {"top_k": 40, "min_p": 0.05, "chat_template_kwargs": {"enable_thinking": False}}},
        {"extra_body": {"reasoning_effort": "low", "keep_alive": "5m", "of a later version": [None]}},
        {"max_tokens": -1},
        {"max_completion_tokens": 0},
        {"stop": ""},
        {"stop": ["", "\n"]},
        {"messages": [{"role": "user", "content": "one", "id": "1"}]},
        {"messages": [*ASKED, {"role": "assistant", "content": None}, {"role": "user", "content": "one"}]},
    ],
)
async def test_what_is_not_known_is_passed_over(openai: AsyncOpenAI, more: Any) -> None:
    asked = ask(**{"messages": [{"role": "user", "content": "one"}], **more})
    assert (await openai.chat.completions.create(**asked)).choices[0].message.content == "one"


async def test_members_of_options_are_passed_over(openai: AsyncOpenAI) -> None:
    options: Any = {"include_usage": True, "continuous_usage_stats": True}
    chunks = await openai.chat.completions.create(**ask(stream=True, stream_options=options))
    assert [chunk.usage async for chunk in chunks][-1] is not None


@over_each_protocol
async def test_every_refusal_below_v1_is_in_its_format(openai: AsyncOpenAI) -> None:
    for method, path, sent, status in (
        ("GET", "/nothing", {}, 404),
        ("DELETE", "/chat/completions", {}, 405),
        (
            "POST",
            "/chat/completions",
            {"content": b"{", "headers": JSON},
            400,
        ),
        ("POST", "/chat/completions", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("POST", "/chat/completions", {"json": {"a": "a" * 2**20}}, 413),
    ):
        answer = await openai._client.request(method, f"{openai.base_url}{path[1:]}", **sent)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


@over_each_protocol
async def test_a_reply_that_fails_is_an_error_and_what_was_said_before_counts(openai: AsyncOpenAI) -> None:
    fails: Any = {"script": {**PACE, "faults": [{"after": 2, "kind": "error"}]}}
    said = ""
    with pytest.raises(package.APIError, match="scripted model failed") as caught:
        async for chunk in await openai.chat.completions.create(**ask(extra_body=fails, stream=True)):
            said += chunk.choices[0].delta.content or ""
    assert said == "one two"
    assert caught.value.code == "provider_error"
    with pytest.raises(package.InternalServerError, match="scripted model failed") as whole:
        await openai.chat.completions.create(**ask(extra_body=fails))
    assert whole.value.response.headers["x-should-retry"] == "true"


@over_each_protocol
async def test_a_reply_that_is_stopped_elsewhere_is_never_taken_for_complete(
    openai: AsyncOpenAI, server: RunningServer
) -> None:
    stream = await openai.chat.completions.create(**ask(stream=True, extra_body=gated(1)))
    headers = stream.response.headers
    async with httpx2.AsyncClient(base_url=server.url, headers={HEADER: headers[HEADER]}) as client:
        assert (await client.post(f"{headers['location']}/cancel")).status_code == 202
    with pytest.raises(package.APIError, match="stopped") as caught:
        _ = [chunk async for chunk in stream]
    assert caught.value.code == "cancelled"


async def test_any_key_names_its_client_where_none_are_configured(
    openai: AsyncOpenAI, server: RunningServer
) -> None:
    first = await openai.chat.completions.with_raw_response.create(**ask())
    assert "set-cookie" not in first.headers
    path = first.headers["location"]
    async with httpx2.AsyncClient(base_url=server.url) as client:
        same = {HEADER: first.headers[HEADER]}
        assert (await client.get(path, headers=same)).json()["text"] == "one two three four"
        key = {"Authorization": f"Bearer {openai.api_key}"}
        assert (await client.get(path, headers=key)).status_code == 404, "elsewhere a key is passed over"
        again = await client.get("/v1/models", headers=key)
        other = await client.get("/v1/models", headers={"Authorization": "Bearer other"})
    assert again.headers[HEADER] == same[HEADER]
    assert other.headers[HEADER] != same[HEADER]


async def test_keys_limits_and_retries(tmp_path: Path) -> None:
    with running(
        tmp_path,
        HEADWATER_API_KEYS="first,second,third,fourth",
        HEADWATER_RATE_LIMIT="1/second",
        HEADWATER_MAX_ACTIVE="1",
    ) as server:

        def client(key: str, retries: int = 0) -> AsyncOpenAI:
            return AsyncOpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=retries)

        async with (
            client("wrong") as wrong,
            client("first") as first,
            client("second", 2) as second,
            client("third") as third,
            client("fourth") as fourth,
        ):
            with pytest.raises(package.AuthenticationError) as caught:
                await wrong.models.list()
            assert caught.value.code == "invalid_api_key"
            async with httpx2.AsyncClient() as nobody:
                assert (await nobody.get(f"{server.url}/v1/models")).status_code == 401
            started = time.monotonic()
            completions = [first.chat.completions.create(**ask()) for _ in range(5)]
            responses = [first.responses.create(model="scripted/echo", input="hello") for _ in range(5)]
            done: list[Any] = await asyncio.gather(*completions, *responses, return_exceptions=True)
            limited = [each for each in done if isinstance(each, package.RateLimitError)]
            assert 1 <= len(done) - len(limited) <= 1 + time.monotonic() - started, done
            assert limited[0].type == "rate_limit_error"
            assert limited[0].response.headers["retry-after"] == "1"
            await second.chat.completions.create(**ask())
            await second.chat.completions.create(**ask())  # goes through once it has waited
            busy = await third.chat.completions.create(**ask(stream=True, extra_body=gated(0)))
            with pytest.raises(package.InternalServerError) as full:
                await fourth.chat.completions.create(**ask())
            assert (full.value.status_code, full.value.code) == (503, "overloaded")
            await busy.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_server_that_stops_in_mid_reply_is_an_error(tmp_path: Path, how: signal.Signals) -> None:
    server = RunningServer(tmp_path).wait_until_ready()
    try:
        async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="key", max_retries=0) as client:
            stream = await client.chat.completions.create(**ask(stream=True, extra_body=gated(1)))
            await anext(stream)
            server.process.send_signal(how)
            with pytest.raises(package.APIError) as caught:
                _ = [chunk async for chunk in stream]
        assert isinstance(caught.value, package.APIConnectionError) == (how == signal.SIGKILL)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def model_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def upstream_server(tmp_path_factory: pytest.TempPathFactory, model_port: int) -> Iterator[RunningServer]:
    """A server whose models are those of whichever model server listens at `model_port`."""
    with running(
        tmp_path_factory.mktemp("upstream"),
        OPENAI_BASE_URL=f"http://127.0.0.1:{model_port}/v1",
        HEADWATER_OPENAI_MODELS="small",
    ) as server:
        yield server


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("stream", [False, True])
async def test_who_leaves_takes_the_model_server_along_at_once(
    upstream_server: RunningServer, model_port: int, http2: bool, stream: bool
) -> None:
    asked: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    async def stalls(answer: Answer) -> None:
        asked.set_result(answer)
        await answer.start()
        await answer.send(delta("one"))
        await answer.until_the_client_leaves()

    async def read(client: AsyncOpenAI) -> None:
        more: Any = {"stop": ["x"], "top_p": 0.5, "seed": 7, "presence_penalty": 1, "frequency_penalty": -1}
        body = ask(model="openai/small", stream=stream, extra_body={}, **more)
        reply: Any = await client.chat.completions.create(**body)
        async for _ in reply:
            pass

    url = upstream_server.tls_url if http2 else upstream_server.url
    transport = httpx2.AsyncClient(http2=http2, verify=False)
    async with (
        model_server(stalls, port=model_port),
        AsyncOpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0, http_client=transport) as client,
    ):
        reading = asyncio.create_task(read(client))
        answer = await asked
        reading.cancel()
        await client.close()  # over HTTP/2 this package resets no stream: only its connection tells
        async with asyncio.timeout(SOON):
            await answer.left
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert answer.body.items() >= {
        "stop": ["x"], "top_p": 0.5, "seed": 7, "presence_penalty": 1, "frequency_penalty": -1,
    }.items()  # fmt: skip


@over_each_protocol
async def test_a_client_that_waits_no_longer(openai: AsyncOpenAI) -> None:
    with pytest.raises(package.APITimeoutError):
        await openai.with_options(timeout=0.2).chat.completions.create(**ask(extra_body=gated(0)))
