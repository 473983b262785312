"""The real local model. It belongs to every machine that runs the tests: it is never skipped."""

from pathlib import Path

import httpx
import pytest

from headwater.providers.local import LocalModel, LocalModelUnavailableError
from tests.running import running, sse_events, text_of


async def test_a_real_reply_streams_from_the_bundled_model(tmp_path: Path) -> None:
    with running(tmp_path, HEADWATER_LOCAL_MODEL="") as server:
        assert "local/smollm2-135m answers" in server.greeting
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            models = (await client.get("/api/models")).json()
            assert [model["id"] for model in models if model["default"]] == ["local/smollm2-135m"]
            body = {"message": "Write three sentences about rivers.", "max_tokens": 25, "temperature": 0}
            async with client.stream("POST", "/api/chat", json=body) as response:
                events = [event async for event in sse_events(response)]
            outcome = events[-1].data
            assert outcome["status"] == "completed"
            assert outcome["usage"]["completion_tokens"] == pytest.approx(outcome["timing"]["tokens"], abs=3)
            assert len(text_of(events)) > 20
            assert len({event.at for event in events[1:-1]}) >= 5
            start = events[0].data
            path = f"/api/conversations/{start['conversation']}/messages/{start['message']}/replies"
            async with client.stream("POST", path, json={"max_tokens": 20, "temperature": 0}) as response:
                rest = [event async for event in sse_events(response)]
            assert rest[-1].data["status"] == "completed"
            assert text_of(rest)
            assert not text_of(events).startswith(text_of(rest)[:20])


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "none.gguf"
    file.write_bytes(b"none")
    with pytest.raises(LocalModelUnavailableError, match=r"none\.gguf"):
        LocalModel(file)
