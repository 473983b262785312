"""What the AI SDK's own client, which `frontend/clients` tests, never sends, and the bytes that it gets."""

from typing import Any

import httpx
import pytest

from tests.api.test_problems import check
from tests.running import over_each_protocol

PATH = "/api/ui-message-stream"
FAST = {"model": "scripted/echo", "script": {"tokens_per_second": 100_000}}


def message(role: str, *parts: Any) -> dict[str, Any]:
    texts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    return {"id": "x", "role": role, "parts": texts}


@over_each_protocol
async def test_what_a_page_sends_is_answered(client: httpx.AsyncClient) -> None:
    earlier = message("assistant", {"type": "step-start"}, {"type": "reasoning", "text": "Hm."}, "two")
    asked = {**message("user", "three", " four"), "metadata": {"a": 1}}
    body = {
        "id": "chat",
        "trigger": "submit-message",
        "messages": [message("user", "one"), earlier, asked],
        "system": "Be brief.",
        **FAST,
    }
    answer = await client.post(PATH, json=body)
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.headers["content-type"] == "text/event-stream"
    blocks = answer.text.strip().split("\n\n")
    assert blocks[-2:] == ['data: {"type":"finish","finishReason":"stop"}', "data: [DONE]"]
    generation = (await client.get(answer.headers["location"])).json()
    assert generation["text"] == "three four"
    assert generation["outcome"]["usage"]["prompt_tokens"] == 6


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id": None}, "id"),
        ({"messages": []}, "messages"),
        ({"messages": [message("user", " ")]}, "messages"),
        ({"messages": [message("user", {"type": "file", "url": "x"})]}, "messages.0.parts"),
        ({"messages": [message("user", {"type": "text", "text": 1})]}, "messages.0.parts"),
        ({"messages": [message("user", {"text": "x"})]}, "messages.0.parts"),
        ({"messages": [{"role": "user", "content": "x"}]}, "messages.0.parts"),
        ({"messages": [message("tool", "x")]}, "messages.0.role"),
        ({"sistem": "x"}, "sistem"),
    ],
)
async def test_what_cannot_be_used_is_named(client: httpx.AsyncClient, wrong: Any, field: str) -> None:
    body = {"id": "chat", "messages": [message("user", "hello")], **FAST, **wrong}
    check(await client.post(PATH, json=body), 400, "invalid_request", field)


@over_each_protocol
async def test_a_chat_is_its_clients_alone(client: httpx.AsyncClient) -> None:
    body = {"id": "mine", "messages": [message("user", "one two")], "model": "scripted/stall"}
    await client.get("/api/models")
    async with client.stream("POST", PATH, json=body) as running:
        assert running.status_code == 200
        for own, status in ((client.cookies, 200), (httpx.Cookies(), 204)):
            async with (
                httpx.AsyncClient(base_url=client.base_url, verify=False, cookies=own) as asking,
                asking.stream("GET", f"{PATH}/mine/stream") as resumed,
            ):
                assert resumed.status_code == status
        assert (await client.get(f"{PATH}/other/stream")).status_code == 204
        assert (await client.head(f"{PATH}/mine/stream")).status_code == 405
        await client.post(f"{running.headers['location']}/cancel")
