"""The numbers of a response's events are those of its log, however it is cut and resumed."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.generation.kinds.reasoning import Reasoning, ReasoningEnd
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.log import Page
from headwater.generation.outcome import Completed, Outcome
from headwater.generation.parts import Event, TextPart, fold
from headwater.transports.openai_responses import (
    OpenAIResponsesEncoder,
    item_texts,
    last_number,
    response_object,
)
from tests.golden import GENERATION

DONE = Outcome(Completed("stop"))

EVENTS = st.lists(
    st.builds(Text, st.text("ab", min_size=1, max_size=2))
    | st.builds(Reasoning, st.text("cd", min_size=1, max_size=2)),
    max_size=12,
)


def read(events: Sequence[Event], cuts: set[int], after: int = -1) -> list[Any]:
    """What a reader gets that is sent pages up to these cursors, from behind a number."""
    encoder = OpenAIResponsesEncoder(GENERATION, None, after)
    sent = encoder.opening(0)
    before = 0
    for cut in sorted({*(cut for cut in cuts if cut < len(events)), len(events)}):
        outcome = DONE if cut == len(events) else None
        sent += encoder.page(Page(tuple(events[before:cut]), cut, outcome))
        before = cut
    lines = sent.decode().split("\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


@settings(deadline=None)
@given(EVENTS, st.sets(st.integers(1, 12)), st.sets(st.integers(1, 12)), st.data())
def test_a_reader_who_resumes_anywhere_gets_the_rest_and_the_same_numbers(
    events: list[Event], cuts: set[int], other_cuts: set[int], data: st.DataObject
) -> None:
    whole = read(events, cuts)
    numbers = [event["sequence_number"] for event in whole]
    assert numbers == list(range(len(whole)))
    place = data.draw(st.integers(0, len(whole) - 1))
    rest = read(events, other_cuts, numbers[place])
    assert [*whole[: place + 1], *rest] == whole


@settings(deadline=None)
@given(EVENTS, st.sets(st.integers(1, 12)))
def test_the_end_says_all_that_was_said(events: list[Event], cuts: set[int]) -> None:
    whole, parts = read(events, cuts), fold(events)
    said = {"message": "", "reasoning": ""}
    for item in whole[-1]["response"]["output"]:
        said[item["type"]] += item["content"][0]["text"]
    assert said == {"message": text_of(parts), "reasoning": text_of(parts, Reasoning)}
    assert [item["content"][0]["text"] for item in whole[-1]["response"]["output"]] == [
        part.text for part in parts if isinstance(part, TextPart)
    ]
    assert [event["item"] for event in whole if event["type"] == "response.output_item.done"] == whole[-1][
        "response"
    ]["output"]


def test_a_thought_that_was_text_at_first_is_reasoning_at_the_end() -> None:
    events = [Text("hm "), Text("hm"), ReasoningEnd(), Text("a")]
    *_, end = read(events, {2})
    assert end["response"]["status"] == "completed"
    assert [item["type"] for item in end["response"]["output"]] == ["reasoning", "message"]
    found = response_object(GENERATION, None, events, DONE)["output"]
    assert [item["content"] for item in found] == [item["content"] for item in end["response"]["output"]]


@settings(deadline=None)
@given(EVENTS, EVENTS, st.sets(st.integers(1, 12)))
def test_what_was_streamed_is_found_again_by_the_same_ids(
    before: list[Event], after: list[Event], cuts: set[int]
) -> None:
    events = [*before, ReasoningEnd(), *after]
    streamed = read(events, cuts)[-1]["response"]["output"]
    assert response_object(GENERATION, None, events, DONE)["output"] == streamed
    texts = item_texts(GENERATION, events)
    assert texts == {
        item["id"]: None if item["type"] == "reasoning" else item["content"][0]["text"] for item in streamed
    }


def test_an_empty_response_is_complete() -> None:
    empty, thought = (Outcome(Completed("stop", what)) for what in ("empty", "reasoning"))
    assert response_object(GENERATION, None, [], empty)["status"] == "completed"
    response = response_object(GENERATION, None, [Reasoning("hm")], thought)
    assert [item["status"] for item in response["output"]] == ["completed"]


@settings(deadline=None)
@given(EVENTS)
def test_the_last_number_is_the_one_of_the_last_event(events: list[Event]) -> None:
    assert last_number(GENERATION, events, DONE) == read(events, set())[-1]["sequence_number"]
