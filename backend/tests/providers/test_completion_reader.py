import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text
from headwater.generation.outcome import Usage
from headwater.generation.parts import Part
from headwater.generation.provider import Delta, Finish
from headwater.providers.completion_reader import MESSAGE_BYTES, CompletionReader, refusal
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
END = delta(finish="stop") + DONE
HELLO: list[Delta] = [Text("Hello "), Text("there."), Finish("stop")]


def read(*pieces: bytes) -> tuple[list[Delta], CompletionReader]:
    """All deltas of an answer that arrives in these pieces, and its reader at the end."""
    reader = CompletionReader()
    deltas = [delta for piece in pieces for delta in reader.feed(piece)]
    return deltas + reader.end(), reader


def choice(**members: object) -> bytes:
    return message(choices=[{"index": 0, **members}])


def message(**members: object) -> bytes:
    return data(json.dumps(members))


def ending(deltas: list[Delta]) -> Finish | None:
    """How a runner takes the end: the last reason counts, and a part after it takes it back."""
    finish = None
    for each in deltas:
        if isinstance(each, Finish):
            finish = each
        elif isinstance(each, Part):
            finish = None
    return finish


def is_completed(deltas: list[Delta], reader: CompletionReader) -> bool:
    finish = ending(deltas)
    return reader.error is None and finish is not None and finish.reason is not None


# However the bytes are divided into lines and messages


FORMS = {
    "events": REPLY,
    "CRLF": REPLY.replace(b"\n", b"\r\n"),
    "CR": REPLY.replace(b"\n", b"\r"),
    "no blank lines": REPLY.replace(b"\n\n", b"\n"),
    "several lines of data": b"".join(
        b"data: " + line[6:].replace(b", ", b",\ndata: ") + b"\n\n"
        if line.startswith(b"data: {")
        else line + b"\n\n"
        for line in REPLY.split(b"\n\n")
    ),
    "a mark, names and numbers": b"\xef\xbb\xbf" + REPLY.replace(b"data:", b"id: 1\nevent: message\ndata:"),
    "names twice": REPLY.replace(b"data:", b"data: data:"),
    "names in capitals": REPLY.replace(b"data:", b"Data :"),
    "marks and spaces before names": REPLY.replace(b"data:", b"\xef\xbb\xbf data:"),
    "objects in lists": REPLY.replace(b"data: {", b"data: [{").replace(b"}\n", b"}]\n"),
    "objects that follow each other": REPLY.replace(b"}\n\ndata: {", b"}{"),
    "objects with signs after them": REPLY.replace(b"}\n", b"},\0\n"),
    "lines of an object without names": b"".join(
        line.replace(b", ", b",\n") + b"\n\n" if line.startswith(b"data: {") else line + b"\n\n"
        for line in REPLY.split(b"\n\n")
    ),
}


@pytest.mark.parametrize("form", FORMS)
@given(cuts=st.lists(st.integers(0, len(REPLY) * 2), max_size=30).map(sorted))
def test_wherever_the_bytes_are_cut_the_same_is_said(form: str, cuts: list[int]) -> None:
    sent = FORMS[form]
    said, reader = read(*[sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)])
    assert said == SAID
    assert reader.done


@pytest.mark.parametrize("end", [b"data: [DONE]", b"data: [DONE]\r", delta(finish="stop").rstrip()])
def test_the_last_line_needs_no_end(end: bytes) -> None:
    said, reader = read(delta("Hello ") + delta("there.") + end)
    assert said == HELLO
    assert is_completed(said, reader)


@pytest.mark.parametrize("space", [b"", b" \r\n", b"\xef\xbb\xbf\n"])
def test_a_whole_completion_is_read_as_the_reply(space: bytes) -> None:
    body = {
        "object": "chat.completion",
        "choices": [{"message": {"content": "Hello", "reasoning_content": "hm"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    for indent in (None, 1):
        said, reader = read(space, json.dumps(body, indent=indent).encode())
        assert said == [Reasoning("hm"), Text("Hello"), Usage(1, 2), Finish("length")]
        assert is_completed(said, reader)


def test_a_whole_completion_that_is_an_error_or_is_cut_is_no_reply() -> None:
    _, reader = read(b'{"error": {"message": "secret", "type": "insufficient_quota"}}')
    assert reader.error is not None
    assert reader.error.code == "provider_rate_limited"
    _, reader = read(b'{"choices": [{"message": {"content": "Hel')
    assert reader.error is not None


def test_lines_of_json_are_no_events() -> None:
    lines = b"".join(line[6:] + b"\n" for line in REPLY.split(b"\n\n") if line.startswith(b"data: {"))
    said, reader = read(lines)
    assert said == []
    assert reader.error is not None


# Good and bad ends


GOOD = {
    "stop": "stop", "eos": "stop", "eos_token": "stop", "end_turn": "stop", "stop_sequence": "stop",
    "tool_calls": "stop", "function_call": "stop",
    "length": "length", "max_tokens": "length", "model_length": "length",
    "content_filter": "content_filter", "safety": "content_filter",
}  # fmt: skip


@pytest.mark.parametrize("reason", GOOD)
def test_good_ends_in_any_case(reason: str) -> None:
    for spelt in (reason, reason.upper(), f" {reason.title()} "):
        said, _ = read(delta("a"), delta(finish=spelt), DONE)
        assert said == [Text("a"), Finish(GOOD[reason])]  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.text(max_size=20) | st.sampled_from(["error", "repetition_truncation", "cancelled", "Null "]))
def test_a_reply_is_completed_only_by_a_known_good_end(reason: str) -> None:
    word = reason.strip().lower()
    said, reader = read(delta("Half of an ans"), delta(finish=reason))
    assert Text("Half of an ans") in said
    assert is_completed(said, reader) == (word in GOOD)
    said, reader = read(delta("Half of an ans"), delta(finish=reason), DONE)
    assert is_completed(said, reader) == (word in GOOD or word in {"", "null"})


@pytest.mark.parametrize("reason", ["null", "", None, "stop", "length", "error"])
def test_a_reason_in_every_message_counts_where_no_text_follows(reason: str | None) -> None:
    words = [delta(f"w{number} ", finish=reason) for number in range(5)]
    said, reader = read(*words, delta(finish="stop"), DONE)
    assert [each for each in said if isinstance(each, Text)] == [Text(f"w{n} ") for n in range(5)]
    assert is_completed(said, reader)
    reader = CompletionReader()
    for word in words:
        reader.feed(word)
        assert not reader.finished
    assert not is_completed(reader.end(is_cut=True), reader)


def test_the_last_reason_counts_and_text_takes_it_back() -> None:
    said, reader = read(delta("a"), delta(finish="error"), delta(finish="stop"), DONE)
    assert ending(said) == Finish("stop")
    said, reader = read(delta("a"), delta(finish="stop"), delta(finish="error"), DONE)
    assert not is_completed(said, reader)
    said, reader = read(delta("a"), delta(finish="stop"), delta("b"))
    assert not is_completed(said, reader)


@pytest.mark.parametrize(
    "failure",
    [
        message(object="error", message="secret", type="InternalServerError", param=None, code=500),
        message(detail="secret"),
        message(choices=None, usage=None, status=500),
        message(error="secret"),
        message(error={"message": "secret", "code": ["a"], "type": {"x": 1}}),
        choice(delta={"content": ""}, finish_reason="stop", error={"message": "secret", "code": 502}),
        message(base_resp={"status_code": 1002, "status_msg": "secret"}),
        b'event: error\ndata: {"type":"overloaded_error","message":"secret"}\n\n',
        b"event: error\ndata: secret\n\n",
        b"event: error\n\n",
        b'data: {"type":"overloaded_error"}\nevent: error\n\n',
        b'error: {"code":500,"message":"secret"}\n\n',
        b'event: Server_Error\ndata: {"text":"secret"}\n\n',
        b'{"error":{"message":"secret","type":"api_error"}}\n',
        b'data: [{"error":{"code":500,"message":"secret","status":"INTERNAL"}}]\n\n',
        message(errors=[{"message": "secret", "code": 7009}], success=False),
        message(error_code=336100, error_msg="secret", id="x"),
        message(success=False, msg="secret"),
    ],
)
@pytest.mark.parametrize("before", [delta("Half "), delta("Half ") + delta(finish="stop")])
def test_a_failure_is_one_in_whatever_form(failure: bytes, before: bytes) -> None:
    said, reader = read(before, failure, delta("lost") + END)
    assert [each for each in said if isinstance(each, Text)] == [Text("Half ")]
    assert not is_completed(said, reader)
    assert ending(said) in {None, Finish(None)}
    assert reader.error is not None
    assert reader.error.code == "provider_error"
    assert "secret" not in reader.error.message


@pytest.mark.parametrize("nothing", [{}, "", None, [], {"message": "", "code": None}, 0])
def test_an_empty_error_is_none(nothing: object) -> None:
    said, reader = read(
        message(choices=[{"index": 0, "delta": {"content": "Hello "}, "error": nothing}], error=nothing),
        delta("there."),
        message(choices=[], error=nothing, base_resp={"status_code": 0, "status_msg": "success"}),
        message(
            id="x", errors=nothing, base_resp={"status_code": "0"}, system_fingerprint="fp", interruptions=1
        ),
        END,
    )
    assert said == HELLO
    assert is_completed(said, reader)


def test_text_beside_an_error_is_kept() -> None:
    said, reader = read(message(choices=[{"delta": {"content": "Half"}}], error={"code": 429}), END)
    assert said == [Text("Half")]
    assert reader.error is not None
    assert reader.error.code == "provider_rate_limited"


# Odd members


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, [Text("a"), Text("b")]),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"text": "a"}]},
            [Reasoning("hm"), Text("a")],
        ),
        ({"content": {"type": "text", "text": {"value": "a"}}}, [Text("a")]),
        ({"content": ["a", None, 1, {"type": "image_url", "image_url": {}}]}, [Text("a"), Text("1")]),
        ({"content": 42}, [Text("42")]),
        ({"content": True}, []),
        ({"content": {}}, []),
        ({"content": "", "reasoning": {"text": "hm"}}, [Reasoning("hm")]),
        ({"content": None, "reasoning_details": [{"type": "text", "text": "hm"}]}, [Reasoning("hm")]),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "xyz"}]}, []),
        ({"reasoning_content": "hm", "reasoning": "hm"}, [Reasoning("hm")]),
        ({"reasoning_content": "", "reasoning": "hm"}, [Reasoning("hm")]),
        ([], []),
        ("a", [Text("a")]),
        (None, []),
    ],
)  # fmt: skip
def test_what_a_delta_says_is_found_in_any_form(said: object, expected: list[Delta]) -> None:
    deltas, reader = read(choice(delta=said), END)
    assert deltas == [*expected, Finish("stop")]
    assert reader.error is None


@pytest.mark.parametrize(
    "odd",
    [
        b"data:\n\ndata: {}\n\n",
        b"data: null\n\n",
        b"data: []\n\n",
        b"data: 42\n\n",
        b"data: \xff\xfe\n\n",
        b"data: keep-alive\n\n",
        b'event: ping\ndata: {"type":"ping"}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":""},"logprobs":-Infinity}],"x":NaN,"y":1e999}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"role":"assi\tstant"}}]}\n\n',
        message(choices=[], usage=[]),
        message(choices={}, error=[], usage="much"),
        message(choices=[None, 3]),
        message(choices=[{"index": 1, "delta": {"content": "WRONG"}, "finish_reason": "length"}]),
        message(choices=[{"index": [0], "delta": {"content": "WRONG"}}]),
        message(id=[1], created="now", model={"a": 1}, system_fingerprint=7),
        choice(delta={"role": 1, "content": None, "tool_calls": "x"}, finish_reason=None, logprobs=3),
        choice(message={"content": "Hello "}, delta={"content": ""}),
        data('{"choices":[{"delta":{"content":' + "[" * 400 + "1" + "]" * 400 + "}}]}"),
    ],
)
def test_what_nobody_reads_may_be_anything(odd: bytes) -> None:
    said, reader = read(delta("Hello "), odd, delta("there."), delta(finish="stop"), odd, DONE)
    assert [each for each in said if isinstance(each, Text)] == HELLO[:2]
    assert is_completed(said, reader)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
members = st.sampled_from(["id", "usage", "created", "model", "object", "system_fingerprint", "timings"])
choice_members = st.sampled_from(["logprobs", "finish_reason", "index", "content_filter_results"])
delta_members = st.sampled_from(["role", "tool_calls", "function_call", "audio", "annotations"])


@given(
    st.dictionaries(members, json_values),
    st.dictionaries(choice_members, json_values),
    st.dictionaries(delta_members, json_values),
)
def test_no_odd_member_loses_a_reply(
    members: dict[str, object], in_choice: dict[str, object], in_delta: dict[str, object]
) -> None:
    odd = message(choices=[{**in_choice, "delta": {"content": "", **in_delta}}], **members)
    said, reader = read(delta("Hello "), odd, delta("there."), END)
    assert [each for each in said if isinstance(each, Text)] == HELLO[:2]
    assert reader.error is None


values = st.sampled_from([None, "stop", "", 0, 1, {"content": "b"}, ["c"], {"status_code": 400}, {}])


def some(*names: str) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(names), values, max_size=1)


@given(
    st.sampled_from(["a", "é", "", None, 3, ["b"]]),
    some("role", "content", "refusal", "tool_calls", "function_call")
    | some("thinking", "reasoning", "reasoning_content", "reasoning_details"),
    some("index", "text", "message", "error", "finish_reason", "delta", "logprobs"),
    some("usage", "error", "base_resp", "code", "choices"),
    st.just((0, 0, b""))
    | st.tuples(
        st.integers(-6, 90),
        st.integers(0, 2),
        st.sampled_from([b"", b"\n", b"\r", b"\n\n", b" ", b"data: ", b"{", b"\xff"]),
    ),
)
@example("", {}, {"message": {"content": "b"}}, {}, (0, 0, b""))
@example("a", {}, {}, {}, (len("data: {"), 0, b"\n"))
@settings(max_examples=500)
def test_events_that_are_read_together_mean_what_they_mean_line_by_line(
    content: object,
    in_delta: dict[str, object],
    in_choice: dict[str, object],
    members: dict[str, object],
    change: tuple[int, int, bytes],
) -> None:
    choice = {"index": 0, "delta": {"content": content, **in_delta}, **in_choice}
    event = b"data: " + json.dumps({"choices": [choice], **members}).encode() + b"\n\n"
    at, removed, added = change
    pieces = [delta("Hello "), event[:at] + added + event[at + removed :] + delta("there.")]
    said, reader = read(*pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CompletionReader, "_pieces", lambda *_: False)
        expected, plain = read(*pieces)
    assert said == expected
    assert (reader.heard, reader.finished, reader.done) == (plain.heard, plain.finished, plain.done)
    assert str(reader.error) == str(plain.error)


@given(
    st.lists(st.binary(max_size=30) | st.sampled_from([b"data: ", b"{", b"}", b"\n\n", b'"choices":[', b"]"]))
)
def test_no_bytes_make_the_reader_fail(pieces: list[bytes]) -> None:
    said, reader = read(*pieces)
    assert not is_completed(said, reader) or b"[DONE]" in b"".join(pieces)


def test_the_old_form_of_completions_is_read() -> None:
    said, _ = read(choice(text="Hello ", finish_reason=None), choice(text="there."), END)
    assert said == HELLO


WORDS = ["1", "12", "Hello ", " ", "there."]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.booleans())
def test_messages_in_place_of_deltas_are_read_whether_each_is_the_reply_up_to_now(
    words: list[str], last_is_repeated: bool
) -> None:
    """Pieces of a reply must not be taken for the reply up to now, so their first one is no word of these."""
    pieces = ["Well, ", *words]
    whole = ["".join(pieces[:end]) for end in range(1, len(pieces) + 1)]
    for contents in (pieces, whole, whole + whole[-1:] * last_is_repeated):
        said, reader = read(*(choice(message={"content": content}) for content in contents), END)
        assert "".join(each.text for each in said if isinstance(each, Text)) == whole[-1]
        assert is_completed(said, reader)


def test_a_message_that_repeats_the_deltas_says_nothing_more() -> None:
    said, _ = read(delta("Hello "), choice(message={"content": "Hello "}), delta("there."), END)
    assert said == HELLO
    parts = [{"text": "a"}, {"type": "thinking", "thinking": "b"}, {"text": "ab"}]
    said, _ = read(choice(message={"content": parts}), END)
    assert said == [Text("a"), Reasoning("b"), Text("ab"), Finish("stop")]


def test_choice_0_alone_is_read_wherever_it_stands() -> None:
    both = [{"index": 1, "delta": {"content": "WRONG"}}, {"index": 0, "delta": {"content": "Hello "}}]
    wrong = message(choices=[{"index": 1, "delta": {"content": "WRONG"}, "finish_reason": "length"}])
    said, _ = read(message(choices=both), wrong, delta("there."), wrong, END)
    assert said == HELLO


def test_a_server_that_counts_choices_from_1_is_read() -> None:
    one = message(choices=[{"index": 1, "delta": {"content": "Hello "}}])
    said, _ = read(one, message(choices=[{"index": 1, "delta": {"content": "there."}}]), END)
    assert said == HELLO


def test_a_call_of_a_tool_is_noted() -> None:
    call = {"index": 0, "id": "t", "function": {"name": "search", "arguments": "{}"}}
    for reason in ("tool_calls", "stop", None):
        said, _ = read(delta(tool_calls=[call]), delta(finish=reason), DONE)
        assert said == [Finish("stop", called_tool=True)]


# Text


def test_a_character_whose_halves_come_in_two_messages_is_whole() -> None:
    for member, kind in (("content", Text), ("reasoning", Reasoning)):
        said, _ = read(delta(**{member: "Hi \ud83d"}), delta(**{member: "\ude00 there"}), END)
        assert said == [kind("Hi "), kind("😀 there"), Finish("stop")]
    said, _ = read(delta("a\ud83d"), END)
    assert said == [Text("a"), Text("\ufffd"), Finish("stop")]
    message = b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n'
    said, _ = read(message % b"\xf0\x9f", message % b"\x98\x80!", END)
    assert said == [Text("😀!"), Finish("stop")]


def test_half_a_character_is_replaced_and_no_reason_to_lose_a_reply() -> None:
    message = rb'{"choices":[{"delta":{"content":"a \ud83d \\ud83d \ud83d\ude00 \udc00"}}]}'
    said, reader = read(b"data: " + message + b"\n")
    assert said == [Text("a \ufffd \\ud83d \U0001f600 \ufffd")]
    assert reader.error is None


def test_a_thought_in_tags_is_reasoning() -> None:
    said, _ = read(delta("<think>\nLet me "), delta("see.</th"), delta("ink>\n\nIt is **4**."), END)
    assert said == [Reasoning("Let me "), Reasoning("see."), Text("It is **4**."), Finish("stop")]


def test_what_was_held_back_comes_before_the_end_and_before_a_thought() -> None:
    assert read(delta("a <"), END)[0] == [Text("a "), Text("<"), Finish("stop")]
    assert read(delta("a <"), delta(reasoning="hm"))[0] == [Text("a "), Text("<"), Reasoning("hm")]
    said, _ = read(delta("a <"), message(error="no"))
    assert said == [Text("a "), Text("<")]


def test_done_without_a_reason_is_a_stop() -> None:
    assert read(delta("a") + DONE)[0] == [Text("a"), Finish("stop")]


@pytest.mark.parametrize(
    "usage", ['{"prompt_tokens":7.5}', '{"completion_tokens":"5"}', "[]", "{}", "null", '"much"', "-1"]
)
def test_usage_that_cannot_be_read_is_no_reason_to_lose_a_reply(usage: str) -> None:
    said, reader = read(delta("a") + data(f'{{"choices":[],"usage":{usage}}}') + delta(finish="stop") + DONE)
    assert said == [Text("a"), Finish("stop")]
    assert reader.error is None


@pytest.mark.parametrize(
    "unreadable",
    [
        b"data: {\n\n",
        b"data: {garbage}\n\n",
        b'data: {"choices":3}\n\n',
        b'data: {"choices":{"delta":{"content":"a"}}}\n\n',
        b'data: {"choices":[],"more":' + b"[" * 100_000 + b"\n\n",
        b"data: {" + b"x" * MESSAGE_BYTES,
        b"data: {\n" + b"data: x\n" * (MESSAGE_BYTES // 2 + 1),
    ],
)
def test_what_cannot_be_read_is_an_error(unreadable: bytes) -> None:
    said, reader = read(delta("so far") + unreadable, delta("lost") + END)
    assert said == [Text("so far")]
    assert reader.error is not None
    assert reader.error.code == "provider_error"
    assert reader.done
    assert not reader.finished


@pytest.mark.parametrize("sent", [b"", b": alive\n\n", b"<html>hello</html>", b"data: hello\n\n"])
def test_an_answer_without_a_message_is_an_error(sent: bytes) -> None:
    said, reader = read(sent)
    assert said == []
    assert reader.error is not None
    assert "cannot be read" in reader.error.message


# Refusals


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "secret", "code": 429}, "provider_rate_limited"),
        ({"message": "secret", "code": "429"}, "provider_rate_limited"),
        ({"message": "secret", "code": "rate_limit_exceeded"}, "provider_rate_limited"),
        ({"message": "secret", "code": "invalid_api_key"}, "provider_auth"),
        ({"message": "secret", "type": "server_error"}, "provider_error"),
        ({"message": "secret", "code": "9" * 5000}, "provider_error"),
        ("secret", "provider_error"),
    ],
)
def test_an_error_in_the_middle_has_its_code_and_keeps_its_words_to_itself(error: object, code: str) -> None:
    said, reader = read(message(error=error))
    assert said == []
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
