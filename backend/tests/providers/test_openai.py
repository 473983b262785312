"""The provider against model servers that behave, and that do not."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import follow
from headwater.generation.outcome import Completed, Failed, Outcome, Usage
from headwater.generation.provider import Delta, Finish, Prompt, PromptMessage, ProviderError, Sampling
from headwater.generation.runner import Limits, Runner
from headwater.live.memory import MemoryLog
from headwater.providers import openai
from headwater.providers.catalogue import Model
from headwater.providers.openai import OpenAIProvider
from tests.limits import run_limits
from tests.providers.model_server import DONE, Answer, Script, data, delta, model_server

PROMPT = Prompt(
    "gen_1", "small", (PromptMessage("system", "Be brief."), PromptMessage("user", "hello")), 0.5, 7
)
API_KEY = "sk-a-key-of-ours"


async def run(*scripts: Script, limits: Limits = run_limits()) -> tuple[str, Outcome]:
    """What a reply looks like in its log."""
    async with model_server(*scripts) as server:
        provider = OpenAIProvider(api_key=API_KEY, base_url=server.url)
        log = MemoryLog()
        async with asyncio.timeout(20):
            outcome = await Runner(log, provider, PROMPT, limits).run()
        await provider.aclose()
        pages = [page async for page in follow(log)]
        return text_of(event for page in pages for event in page.events), outcome


async def deltas(provider: OpenAIProvider, prompt: Prompt) -> list[Delta]:
    said: list[Delta] = []
    await provider.generate(prompt, said.extend)
    return said


async def said_to(server_prefills: bool) -> list[dict[str, str]]:
    async def script(answer: Answer) -> None:
        await answer.start()
        await answer.send(delta("rest", finish="stop"), DONE)

    async with model_server(script) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url, prefills=server_prefills)
        prompt = Prompt(
            "gen_1", "small", (PromptMessage("user", "hello"), PromptMessage("assistant", "Good mor"))
        )
        assert await deltas(provider, prompt) == [Text("rest"), Finish("stop")]
        await provider.aclose()
        messages: Any = server.asked[0].body["messages"]
        return list(messages)


async def test_a_reply_that_broke_off_is_given_as_it_is_or_with_the_request_to_go_on() -> None:
    begun = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Good mor"}]
    assert await said_to(server_prefills=True) == begun
    assert await said_to(server_prefills=False) == [
        *begun,
        {"role": "user", "content": openai.CONTINUE_REPLY},
    ]


@pytest.mark.parametrize(
    ("told", "window"),
    [
        ({"max_model_len": 4096}, 4096),
        ({"context_length": 8192}, 8192),
        ({"context_window": 131_072}, 131_072),
        ({"context_window": "large"}, None),
        ({"context_window": -1}, None),
        ({}, None),
    ],
)
async def test_the_window_of_a_model_is_taken_from_the_servers_list(
    told: dict[str, object], window: int | None
) -> None:
    async with model_server(models=["small"], about=told) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        assert [model.context_window for model in await provider.models()] == [window]
        await provider.aclose()


async def test_a_reply_and_the_request_behind_it() -> None:
    async def script(answer: Answer) -> None:
        await answer.start()
        await answer.send(delta("Hel"), delta("lo"), delta(finish="stop"))
        await answer.send(data('{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}'), DONE)

    async with model_server(script) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        said = await deltas(provider, PROMPT)
        await provider.aclose()
    assert said == [Text("Hel"), Text("lo"), Finish("stop"), Usage(9, 2)]
    request = server.asked[0]
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == "bearer key"
    assert request.body == {
        "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_tokens": 7,
    }


async def test_each_token_is_passed_on_when_it_arrives() -> None:
    passed = asyncio.Event()

    async def script(answer: Answer) -> None:
        await answer.start()
        await answer.send(delta("first"))
        await passed.wait()
        await answer.send(delta(" second", finish="stop"), DONE)

    async with model_server(script) as server, asyncio.timeout(10):
        provider = OpenAIProvider(api_key=None, base_url=server.url)
        batches: list[Sequence[Delta]] = []

        def take(batch: Sequence[Delta]) -> None:
            batches.append(batch)
            passed.set()

        await provider.generate(PROMPT, take)
        await provider.aclose()
    assert batches[0] == [Text("first")]
    assert [delta for batch in batches[1:] for delta in batch] == [Text(" second"), Finish("stop")]


async def finished_and_cut(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("all"), delta(finish="stop"))
    answer.reset()


async def finished_and_silent(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("all"), delta(finish="stop"))
    await answer.until_the_client_leaves()


async def finished_and_kept_alive(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("all"), delta(finish="stop"))
    while True:
        await answer.send(b": alive\n\n")
        await asyncio.sleep(0.05)


async def finished_and_ended(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("all"), delta(finish="stop"))


@pytest.mark.parametrize(
    "script", [finished_and_cut, finished_and_silent, finished_and_kept_alive, finished_and_ended]
)
async def test_a_finished_reply_is_complete_whatever_the_server_does_then(script: Script) -> None:
    text, outcome = await run(script)
    assert (text, outcome.status) == ("all", Completed("stop"))


async def always_stop(answer: Answer) -> None:
    await answer.start()
    for word in ("a", "l", "l"):
        await answer.send(delta(word, finish="stop"))
        await asyncio.sleep(0.3)  # longer than the time that a finished reply gets
    await answer.send(DONE)


async def whole(answer: Answer) -> None:
    body = {"choices": [{"message": {"content": "all"}, "finish_reason": "stop"}]}
    await answer.refuse("200 OK", json.dumps(body))


@pytest.mark.parametrize("script", [always_stop, whole])
async def test_a_reason_beside_text_counts_at_the_end_only(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "USAGE_GRACE", 0.1)
    text, outcome = await run(script)
    assert (text, outcome.status) == ("all", Completed("stop"))


async def comments(answer: Answer) -> None:
    await answer.start()
    for _ in range(8):
        await answer.send(b": PROCESSING\n\n", delta(""))
        await asyncio.sleep(0.1)
    await answer.send(delta("all", finish="stop"), DONE)


async def test_comments_and_empty_deltas_are_signs_of_life() -> None:
    text, outcome = await run(comments, limits=run_limits(first_token=0.5))
    assert (text, outcome.status) == ("all", Completed("stop"))


async def test_a_server_that_wants_roles_by_turns_gets_them() -> None:
    """As after a reply without text: empty, stopped, failed, or only a thought."""

    async def script(answer: Answer) -> None:
        messages: Any = answer.body["messages"]
        roles = [message["role"] for message in messages if message["role"] != "system"]
        if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
            await answer.refuse("400 Bad Request", "Conversation roles must alternate user/assistant/...")
        else:
            await answer.start()
            await answer.send(delta(messages[-1]["content"], finish="stop"), DONE)

    said = (PromptMessage("user", "one"), PromptMessage("assistant", " "), PromptMessage("user", "two"))
    async with model_server(script) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        prompt = replace(PROMPT, messages=(PROMPT.messages[0], *said))
        assert Text("one\n\ntwo") in await deltas(provider, prompt)
        await provider.aclose()


REFUSALS = [
    (
        {"stream_options"},
        "422 Unprocessable Entity",
        {"object": "error", "message": {"detail": [{"loc": ["body", "stream_options"]}]}},
    ),
    (
        {"max_tokens"},
        "400 Bad Request",
        {"error": {"message": "Use 'max_completion_tokens' instead of 'max_tokens'."}},
    ),
    ({"temperature", "stream_options"}, "400 Bad Request", "unknown: temperature, stream_options"),
    ({"seed"}, "500 Internal Server Error", "unexpected keyword argument 'seed'"),
    ({"seed"}, "400 Bad Request", "Unknown name 'seed' in the request of a stream"),
    (
        {"stream", "stream_options"},
        "400 Bad Request",
        {"error": {"message": "Your organization must be verified to stream this model.", "param": "stream"}},
    ),
    ({"stream", "stream_options"}, "501 Not Implemented", "Streaming is not supported."),
]


@pytest.mark.parametrize(("unknown", "status", "body"), REFUSALS)
async def test_what_a_server_does_not_take_is_not_sent_again(
    unknown: set[str], status: str, body: object
) -> None:
    async def script(answer: Answer) -> None:
        if unknown & answer.body.keys():
            await answer.refuse(status, json.dumps(body))
        elif "stream" not in answer.body:
            whole = {"choices": [{"message": {"content": "all"}, "finish_reason": "stop"}]}
            await answer.refuse("200 OK", json.dumps(whole))
        else:
            await answer.start()
            await answer.send(delta("all", finish="stop"), DONE)

    async with model_server(*[script] * 3) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        prompt = replace(PROMPT, sampling=Sampling(seed=3))
        for _ in range(2):
            assert Text("all") in await deltas(provider, prompt)
        await provider.aclose()
    first, second, third = (answer.body for answer in server.asked)
    assert first.keys() - second.keys() == unknown
    assert second.keys() - first.keys() == ({"max_completion_tokens"} if unknown == {"max_tokens"} else set())
    assert second.get("max_completion_tokens", 7) == 7
    assert third == second


async def test_a_refused_value_of_one_model_says_nothing_of_others() -> None:
    async def script(answer: Answer) -> None:
        if (answer.body["model"], answer.body.get("temperature")) == ("small", 0.5):
            await answer.refuse("400 Bad Request", "'temperature' does not support 0.5")
        else:
            await answer.start()
            await answer.send(delta("all", finish="stop"), DONE)

    async with model_server(*[script] * 4) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        for prompt in (PROMPT, replace(PROMPT, model="large"), replace(PROMPT, temperature=1)):
            await deltas(provider, prompt)
        await provider.aclose()
    assert [answer.body.get("temperature") for answer in server.asked] == [0.5, None, 0.5, 1]


@pytest.mark.parametrize(
    ("status", "body", "times"),
    [
        ("400 Bad Request", "messages must not be empty", 1),
        ("400 Bad Request", "stop is not supported", 1),
        ("500 Internal Server Error", "the stream broke", 1),
        ("401 Unauthorized", "stream_options", 1),
        ("400 Bad Request", "max_tokens and max_completion_tokens are too large", 2),
        ("400 Bad Request", "stream_options, temperature, max_tokens", 2),
    ],
)
async def test_a_refusal_that_stays_is_the_outcome(status: str, body: str, times: int) -> None:
    async def script(answer: Answer) -> None:
        await answer.refuse(status, body)

    async with model_server(*[script] * 9) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        prompt = replace(PROMPT, sampling=Sampling(stop=("x",)))
        with pytest.raises(ProviderError):
            await deltas(provider, prompt)
        await provider.aclose()
    assert len(server.asked) == times


async def ended(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("so"), delta(" far"))


async def cut(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("so"), delta(" far"))
    await asyncio.sleep(0.05)  # the cut must not overtake the bytes
    answer.reset()


async def cut_short_of_its_length(answer: Answer) -> None:
    said = delta("so") + delta(" far")
    await answer.start(headers=f"Content-Type: text/event-stream\r\nContent-Length: {len(said) + 9}\r\n")
    await answer.send(said)


async def garbage(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("so"), delta(" far"), b"data: {garbage\n\n")
    await answer.until_the_client_leaves()


async def error_inside(answer: Answer) -> None:
    await answer.start()
    await answer.send(delta("so"), delta(" far"), data('{"error":{"message":"10.0.0.7 key=abc","code":500}}'))
    await answer.until_the_client_leaves()


@pytest.mark.parametrize("script", [ended, cut, cut_short_of_its_length, garbage, error_inside])
async def test_a_reply_that_breaks_has_failed_and_keeps_its_text(script: Script) -> None:
    text, outcome = await run(script)
    assert text == "so far"
    assert isinstance(outcome.status, Failed)
    assert (outcome.status.code, outcome.status.retryable) == ("provider_error", True)
    assert "10.0.0.7" not in outcome.status.message


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("401 Unauthorized", "provider_auth"),
        ("403 Forbidden", "provider_auth"),
        ("404 Not Found", "provider_error"),
        ("429 Too Many Requests", "provider_rate_limited"),
        ("500 Internal Server Error", "provider_error"),
    ],
)
async def test_a_refusal_has_its_code_at_once_and_gives_nothing_away(status: str, code: str) -> None:
    async def script(answer: Answer) -> None:
        await answer.refuse(status, '{"error":{"message":"key abc at 10.0.0.7"}}', "Retry-After: 30\r\n")

    text, outcome = await run(script)
    assert text == ""
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == code
    assert "10.0.0.7" not in outcome.status.message
    assert outcome.timing is not None
    assert outcome.timing.duration < 5


async def html(answer: Answer) -> None:
    await answer.start(headers="Content-Type: text/html\r\nConnection: close\r\n")
    await answer.send(b"<html>a proxy says hello</html>")


async def nothing(answer: Answer) -> None:
    await answer.start()


async def no_http(answer: Answer) -> None:
    await answer.send(b"this is not HTTP\r\n\r\n")


@pytest.mark.parametrize("script", [html, nothing, no_http])
async def test_an_answer_that_is_no_completion_is_an_error(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    _, outcome = await run(script)
    assert API_KEY not in caplog.text
    assert isinstance(outcome.status, Failed)
    assert outcome.status.code == "provider_error"
    assert "cannot be read" in outcome.status.message


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with model_server() as server:
        pass
    provider = OpenAIProvider(api_key="key", base_url=server.url)
    outcome = await Runner(MemoryLog(), provider, PROMPT, run_limits()).run()
    await provider.aclose()
    assert isinstance(outcome.status, Failed)
    assert (outcome.status.code, outcome.status.retryable) == ("provider_unreachable", True)


async def test_leaving_closes_the_request_at_once() -> None:
    left = asyncio.Event()

    async def script(answer: Answer) -> None:
        await answer.start()
        await answer.send(delta("a"))
        await answer.until_the_client_leaves()
        left.set()

    async with model_server(script) as server, asyncio.timeout(5):
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        arrived = asyncio.Event()
        generating = asyncio.create_task(provider.generate(PROMPT, lambda _: arrived.set()))
        await arrived.wait()
        generating.cancel()
        async with asyncio.timeout(0.5):
            await left.wait()
        await provider.aclose()


async def ids(provider: OpenAIProvider) -> Sequence[str]:
    return [model.id for model in await provider.models()]


async def test_a_server_is_asked_for_its_models_once_in_a_while() -> None:
    async with model_server(models=["small", "text-embedding-3", "large"]) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        assert await ids(provider) == ["openai/small", "openai/large"]
        assert await provider.offers("large")
        assert not await provider.offers("huge")
        assert len(server.asked) == 1
        await provider.aclose()


async def test_a_list_that_has_aged_stays_while_it_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for a slow server twice, and one that fails takes no model away."""
    monkeypatch.setattr(openai, "LIST_FRESH", 0.0)
    async with model_server(models=["small"]) as server, asyncio.timeout(10):
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        assert await ids(provider) == ["openai/small"]
        server.models = None
        assert await ids(provider) == ["openai/small"]
        assert len(server.asked) == 1  # the second one has only just been sent for
        assert provider._refreshing is not None
        await asyncio.wait([provider._refreshing])
        assert len(server.asked) == 2
        assert await ids(provider) == ["openai/small"]
        await provider.aclose()


async def test_a_server_that_does_not_tell_its_models_is_asked_for_any() -> None:
    async with model_server(models=None) as server:
        provider = OpenAIProvider(api_key="key", base_url=server.url)
        assert await ids(provider) == ["openai/default"]
        assert await provider.offers("whatever")
        assert not await provider.offers("")
        await provider.aclose()


async def test_configured_models_are_not_asked_for() -> None:
    async with model_server() as server:
        configured = [Model("openai/mine", "mine", "openai")]
        provider = OpenAIProvider(api_key="key", base_url=server.url, models=configured)
        assert await ids(provider) == ["openai/mine"]
        assert await provider.offers("mine")
        assert not await provider.offers("other")
        assert server.asked == []
        await provider.aclose()
