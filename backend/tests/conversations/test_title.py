import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.conversations.title import LENGTH, make_title


@pytest.mark.parametrize(
    ("question", "reply", "title"),
    [
        ("How do rivers begin?", "As springs.", "How do rivers begin?"),
        ("  \n\n  How do\trivers   begin?\nAnd where?", "", "How do rivers begin?"),
        ("# Rivers of the **north**", "", "Rivers of the north"),
        ("> - 1. `make` it [work](http://x.test)", "", "make it work"),
        ("```python\nprint(1)\n```", "", "print(1)"),
        ("hi", "# Welcome to *Headwater*\n\nHello.", "Welcome to Headwater"),
        ("hi there", "Good morning! How are you?", "Good morning!"),
        ("hi", "", "hi"),
        ("hi", "Hello there. What now?", "Hello there"),
        ("川はどこから始まりますか？", "泉から。", "川はどこから始まりますか？"),
        ("???", "", "???"),
        (
            "Write a Python function that merges overlapping intervals and explain each line of it",
            "",
            "Write a Python function that merges overlapping intervals…",
        ),
        ("Fix this. " + "It fails with a long trace of many words and numbers 123", "", "Fix this"),
        ("x" * 100, "", "x" * 59 + "…"),
    ],
)
def test_titles(question: str, reply: str, title: str) -> None:
    assert make_title(question, reply) == title


@given(st.text(), st.text())
def test_a_title_is_one_short_line(question: str, reply: str) -> None:
    title = make_title(question, reply)
    assert len(title) <= LENGTH
    assert title == title.strip()
    assert len(title.splitlines()) <= 1
    assert title or not any(character.isalnum() for character in question + reply)
