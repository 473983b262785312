import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.conversations.archive import to_markdown
from headwater.conversations.fences import with_closed_fence
from tests.storage.trees import line, new_conversation, new_message


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("So:\n\n```python\nprint(1)\n", "```"),
        ("So:\n\n```python\nprint(1)", "```"),
        ("```", "```"),
        ("````md\n```\nx\n```\n", "````"),
        ("~~~\n```\nx", "~~~"),
        ("```\na\n```\n\n```sh\nb", "```"),
        ("```\na\n``` b", "```"),
        ("```\r\na\r\n```\r\n\r\n  ```\r\nb", "```"),
        ("- item\n\ntext\n```\nx", "```"),
        ("- item\n```\nx", "```"),
        ("- item\n\n  ```\n  x\n\n```\ny", "```"),
        ("<!-- a note\n\nthat goes on", "-->"),
        ("text\n<pre class=x>\n\n```", "</pre>"),
        ("<SCRIPT>\n<!--\n-->", "</SCRIPT>"),
        ("```\n<!--\n```\n<style>", "</style>"),
    ],
)
def test_an_open_block_is_closed(text: str, closing: str) -> None:
    assert with_closed_fence(text) == f"{text.rstrip()}\n{closing}"
    assert with_closed_fence(f"{text}\n{closing}\n") == f"{text}\n{closing}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "```\na\n```",
        "```\na\n`````  \n\nend\n",
        "a ``` b\n",
        "``` a ` b\n",
        "    ```\n    indented code",
        "> ```\n> in a quote",
        "- item\n\n  ```js\n  let x",
        "- ```js\n  let x",
        "1. one\n   - two\n     ```\n     x\n\n   after",
        "1. one\n\n   ```\n   x\n\nafter",
        "1. one\n   - two\n\n   ```\n   x",
        "- item\n  ```\n  x\n- next",
        "<!-- a note -->\n<!-->\n<pre>x</pre>\n<pre>\n\n</PRE>",
        "a <!-- b\n    <pre>\n<prefix>\n<div>\n\ntext",
        "- <pre>\n  x",
    ],
)
def test_text_without_an_open_block_stays_as_it_is(text: str) -> None:
    assert with_closed_fence(text) == text


@given(st.text(alphabet="`~\n -1.a<!>", max_size=60))
def test_closing_twice_is_closing_once(text: str) -> None:
    closed = with_closed_fence(text)
    assert closed.startswith(text.rstrip("\n"))
    assert with_closed_fence(closed) == closed


def test_markdown_after_a_reply_cut_off_in_code_is_not_code() -> None:
    said = line("Show me", "Here:\n\n```python\nprint(1)\n")
    later = new_message(said[1], "Thanks", role="user")
    exported = to_markdown(new_conversation(said, "Code"), [*said, later])
    assert exported.endswith("Here:\n\n```python\nprint(1)\n```\n\n## You\n\nThanks\n")


def test_a_continuation_goes_on_inside_the_code() -> None:
    said = line("Show me", "```python\nprint(1)\n")
    goes_on = new_message(said[1], "print(2)\n```\nThere.", role="assistant")
    exported = to_markdown(new_conversation(said, "Code"), [*said, goes_on])
    assert exported.endswith("```python\nprint(1)\nprint(2)\n```\nThere.\n")
