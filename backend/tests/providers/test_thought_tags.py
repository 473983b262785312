"""Thoughts in tags, whatever the pieces in which a text arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.generation.kinds.reasoning import Reasoning, ReasoningEnd
from headwater.generation.kinds.text import Text, text_of
from headwater.generation.parts import Part, Parts, TextPart, settle
from headwater.providers.thought_tags import ThoughtTags

ANSWER = "It is **4**."
THOUGHT = "Let me see: 2+2."

APART = [
    f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
    f"<think>{THOUGHT}</think>{ANSWER}",
    f"\n <think>{THOUGHT}</think>{ANSWER}",
    f"<THINKING>{THOUGHT}</thinking>{ANSWER}",
    f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
    f"{THOUGHT}\n</think>\n\n{ANSWER}",
    f"{THOUGHT}</think>{ANSWER}",
    f"{THOUGHT} </think>\n{ANSWER}",
    f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
    f"<|channel|>analysis<|message|>{THOUGHT}<|channel|>final <|constrain|>text<|message|>{ANSWER}",
    f"<|start|>assistant<|channel|>analysis<|message|>{THOUGHT}<|end|>{ANSWER}",
    f"<|channel>thought\n{THOUGHT}<channel|>{ANSWER}",
    f"<seed:think>{THOUGHT}</seed:think>{ANSWER}",
    f"<longcat_think>{THOUGHT}</longcat_think>{ANSWER}",
    f"<reason>{THOUGHT}</reason>{ANSWER}",
    f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|>{ANSWER}",
    f"<|START_THINKING|>{THOUGHT}<|END_THINKING|>{ANSWER}",
    f"◁think▷{THOUGHT}◁/think▷{ANSWER}",
    f"<think>\n<think>{THOUGHT}</think>\n</think>\n{ANSWER}",
]
ONLY_TEXT = [
    "Use `<think>` and `</think>` around it.",
    "```xml\n<think>\nno\n</think>\n```\nThat is all.",
    "~~~~\n<think>\n~~~\n</think>\n~~~~\nDone.",
    "- item\n  ```\n  </think>\n  ```\n",
    "    <think>\n    </think>\n",
    'The tag <think> opens and </think> closes a thought; so does "</think>".',
    "> <think> quoted",
    "`<|channel|>analysis<|message|>` begins a channel, and <|end|> ends it.",
    "a < b, <b>bold</b> [T] [THIN] <thin < ◁ <|x|> <my_tag> </re <seed: ◁thin",
    "  \n leading space, and no end `",
    " \n",
]


def read(*pieces: str) -> list[Part]:
    tags = ThoughtTags()
    return [part for piece in pieces for part in tags.feed(piece)] + tags.rest()


def stripped(parts: Parts) -> list[TextPart]:
    return [type(part)(part.text.strip()) for part in parts if isinstance(part, TextPart)]


def cut(text: str, cuts: list[int]) -> list[str]:
    ends = sorted(end for end in cuts if 0 < end < len(text))
    pieces = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return list(filter(None, pieces))


cuts = st.lists(st.integers(0, 200), max_size=12)


@pytest.mark.parametrize("text", APART)
@given(cuts)
def test_a_thought_is_reasoning_and_the_rest_is_text(text: str, cuts: list[int]) -> None:
    assert stripped(settle(read(*cut(text, cuts)))) == [Reasoning(THOUGHT), Text(ANSWER)]


@pytest.mark.parametrize("text", ONLY_TEXT)
@given(cuts)
def test_code_and_mentions_stay_as_they_are(text: str, cuts: list[int]) -> None:
    assert text_of(read(*cut(text, cuts))) == text


FRAGMENTS = [
    "<think>", "</think>", "[THINK]", "[/THINK]", "<|channel|>", "<|message|>", "final", "<|end|>",
    "<channel|>", "◁think▷", "<|end_thinking|>", "`", "```", "~~~", "\n", " ", "a", "<", "</", "|>",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=20), cuts)
def test_what_is_shown_was_sent_and_is_the_same_for_any_pieces(fragments: list[str], cuts: list[int]) -> None:
    text = "".join(fragments)
    whole = settle(read(*filter(None, [text])))
    parts = read(*cut(text, cuts))
    settled = settle(parts)
    assert stripped(settled) == stripped(whole)
    sent = iter(text)
    shown = "".join(part.text for part in parts if isinstance(part, TextPart))
    assert all(character in sent for character in shown)  # a subsequence


def test_an_empty_thought_is_none() -> None:
    assert read("<think>\n\n</think>\n\n", ANSWER) == [Text(ANSWER)]


def test_a_thought_streams_without_its_tags() -> None:
    tags = ThoughtTags()
    pieces = ["<think>\nLet me ", "see: 2+2.\n</th", "ink>\n\nIt is", " **4**."]
    assert [tags.feed(piece) for piece in pieces] == [
        [Reasoning("Let me ")],
        [Reasoning("see: 2+2.\n")],
        [Text("It is")],
        [Text(" **4**.")],
    ]


def test_the_end_of_a_thought_without_a_beginning_is_said_where_it_has_been_passed_on() -> None:
    assert read("Let me ", "see.\n</think>", "\n\nFour.") == [
        Text("Let me "),
        Text("see.\n"),
        ReasoningEnd(),
        Text("Four."),
    ]
    assert read("</think>\n\nFour.") == read("\n", "</think>", "\nFour.") == [Text("Four.")]


def test_only_the_first_closing_tag_ends_a_thought_that_nothing_opened() -> None:
    assert settle(read("hm</think>a\n</think>b")) == (Reasoning("hm"), Text("a\n</think>b"))


def test_thoughts_between_texts_keep_their_places() -> None:
    parts = settle(read("One.\n<think>two</think>\nThree.\n<think>four"))
    assert parts == (Text("One.\n"), Reasoning("two"), Text("Three.\n"), Reasoning("four"))


def test_a_closing_tag_in_code_does_not_end_a_thought() -> None:
    thought = "The tag `</think>` ends `<think>a</think>` of it."
    assert settle(read(f"<think>{thought}</think>Four.")) == (Reasoning(thought), Text("Four."))


@pytest.mark.parametrize("thought", ["x\n```\ncode\n```", "The sign ` is odd.", "``` and `"])
@pytest.mark.parametrize("answer", ["Four.", "Four.\nIt is `4`.", "4" * 300 + "`"])
@given(cuts)
def test_code_without_an_end_does_not_keep_a_thought_open(thought: str, answer: str, cuts: list[int]) -> None:
    parts = settle(read(*cut(f"<think>{thought}</think>{answer}", cuts)))
    assert stripped(parts) == [Reasoning(thought), Text(answer)]


def test_white_space_without_end_is_passed_on() -> None:
    """So it counts against the limit of a reply, and costs no more with each piece."""
    tags = ThoughtTags()
    parts = [part for _ in range(3000) for part in tags.feed("\n")]
    assert len(text_of(parts)) > 1500
