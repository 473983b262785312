import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.generation.outcome import Usage
from headwater.generation.parts import Reasoning, Text
from headwater.generation.provider import Delta, Finish
from headwater.providers.completion_reader import LINE_BYTES, CompletionReader, refusal
from tests.providers.model_server import DONE, data, delta

REPLY = b"".join(
    [
        b": a comment\n\n",
        delta(role="assistant", content=""),
        delta(reasoning_content="hm"),
        delta(reasoning=" so"),
        delta("Hel"),
        delta("lo 🚀\n\n"),
        delta(refusal="no"),
        data('{"choices":[]}'),
        delta(finish="length"),
        data('{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'),
        DONE,
        delta("after the end"),
    ]
)
SAID: list[Delta] = [
    Reasoning("hm"),
    Reasoning(" so"),
    Text("Hel"),
    Text("lo 🚀\n\n"),
    Text("no"),
    Finish("length"),
    Usage(3, 4),
]


@given(cuts=st.lists(st.integers(0, len(REPLY)), max_size=30).map(sorted))
def test_wherever_the_bytes_are_cut_the_same_is_said(cuts: list[int]) -> None:
    reader = CompletionReader()
    said = []
    for start, end in zip([0, *cuts], [*cuts, len(REPLY)], strict=True):
        said += reader.feed(REPLY[start:end])
    assert said == SAID
    assert reader.done


def test_carriage_returns_are_no_part_of_a_line() -> None:
    assert CompletionReader().feed(REPLY.replace(b"\n\n", b"\r\n\r\n")) == SAID


def test_done_without_a_reason_is_a_stop() -> None:
    reader = CompletionReader()
    assert reader.feed(delta("a") + DONE) == [Text("a"), Finish("stop")]


def test_a_byte_order_mark_is_no_part_of_the_first_message() -> None:
    assert CompletionReader().feed(b"\xef\xbb\xbf" + delta("first") + REPLY) == [Text("first"), *SAID]


def test_half_a_character_is_replaced_and_no_reason_to_lose_a_reply() -> None:
    reader = CompletionReader()
    message = rb'{"choices":[{"delta":{"content":"a \ud83d \\ud83d \ud83d\ude00 \udc00"}}]}'
    assert reader.feed(b"data: " + message + b"\n") == [Text("a \ufffd \\ud83d \U0001f600 \ufffd")]
    assert reader.error is None


@pytest.mark.parametrize(
    "usage", ['{"prompt_tokens":7.5}', '{"completion_tokens":"5"}', "[]", "null", '"much"']
)
def test_usage_that_cannot_be_read_is_no_reason_to_lose_a_reply(usage: str) -> None:
    reader = CompletionReader()
    said = reader.feed(delta("a") + data(f'{{"choices":[],"usage":{usage}}}') + delta(finish="stop") + DONE)
    assert said == [Text("a"), Finish("stop")]
    assert reader.error is None


@pytest.mark.parametrize(
    "unreadable",
    [
        b"data: {\n",
        b"data: 42\n",
        b"data: []\n",
        b'data: {"choices":3}\n',
        b'data: {"choices":[],"more":' + b"[" * 10_000 + b"\n",
        b"data: \xff\xfe\n",
        b"data: " + b"x" * LINE_BYTES,
    ],
)
def test_what_cannot_be_read_is_an_error(unreadable: bytes) -> None:
    reader = CompletionReader()
    assert reader.feed(delta("so far") + unreadable + delta("lost")) == [Text("so far")]
    assert reader.error is not None
    assert reader.error.code == "provider_error"
    assert reader.done
    assert not reader.finished


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "secret", "code": 429}, "provider_rate_limited"),
        ({"message": "secret", "code": "429"}, "provider_rate_limited"),
        ({"message": "secret", "code": "rate_limit_exceeded"}, "provider_rate_limited"),
        ({"message": "secret", "code": "invalid_api_key"}, "provider_auth"),
        ({"message": "secret", "type": "server_error"}, "provider_error"),
        ("secret", "provider_error"),
    ],
)
def test_an_error_in_the_middle_has_its_code_and_keeps_its_words_to_itself(error: object, code: str) -> None:
    reader = CompletionReader()
    assert reader.feed(data(json.dumps({"error": error}))) == []
    assert reader.error is not None
    assert reader.error.code == code
    assert "secret" not in reader.error.message


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "provider_error", False),
        (401, "provider_auth", False),
        (403, "provider_auth", False),
        (404, "provider_error", False),
        (429, "provider_rate_limited", True),
        (500, "provider_error", True),
        (503, "provider_error", True),
    ],
)
def test_each_status_has_its_code(status: int, code: str, retryable: bool) -> None:
    error = refusal(status)
    assert (error.code, error.retryable) == (code, retryable)
