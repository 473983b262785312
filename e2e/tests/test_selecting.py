"""What is selected while a reply grows stays selected, and is copied as it was seen."""

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage

SELECTED = "String(getSelection())"
GATE = 120

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def copied(chat: ChatPage) -> str:
    """What is in the clipboard after the keys for copying."""
    chat.page.keyboard.press("ControlOrMeta+c")
    text: str = chat.page.evaluate("navigator.clipboard.readText()")
    return text


def test_a_selection_outlives_the_growth_of_its_reply(chat: ChatPage) -> None:
    """From one finished block into another, made with the mouse in the middle of the reply."""
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.choose("scripted/markdown")
    chat.amend_requests(script={"tokens_per_second": 100, "faults": [{"after": GATE, "kind": "gate"}]})
    generation = chat.ask("show me")
    blocks = chat.text.locator("p, li")
    # All that is said before the gate, so that nothing moves under the mouse.
    expect(chat.text.locator("td").nth(1)).to_have_text("one way")
    first, second = blocks.nth(0).bounding_box(), chat.text.locator("li").first.bounding_box()
    assert first is not None
    assert second is not None
    chat.page.mouse.move(first["x"] + 2, first["y"] + 8)
    chat.page.mouse.down()
    chat.page.mouse.move(second["x"] + second["width"] - 2, second["y"] + 12, steps=5)
    chat.page.mouse.up()
    selected = chat.page.evaluate(SELECTED)
    length = len(chat.text.inner_text())
    assert len(selected) > 40
    chat.open_gate(generation)
    chat.expect_status("completed")
    assert len(chat.text.inner_text()) > 2 * length
    assert chat.page.evaluate(SELECTED) == selected
    assert copied(chat) == selected


def test_a_selection_outlives_the_growth_of_its_own_paragraph(chat: ChatPage) -> None:
    """Words in the sentence that is being written, whose end changes its form again and again."""
    ending = "They are **never *quite* still** and `flow` to [the sea](https://sea.example),"
    text = " ".join(["Rivers bend."] * 6 + [ending] * 4)
    chat.amend_requests(script={"tokens_per_second": 60, "faults": [{"after": 12, "kind": "gate"}]})
    generation = chat.ask(text)
    expect(chat.text).to_have_text(" ".join(["Rivers bend."] * 6))
    paragraph = chat.text.locator("p").bounding_box()
    assert paragraph is not None
    chat.page.mouse.move(paragraph["x"] + 2, paragraph["y"] + 8)
    chat.page.mouse.down()
    chat.page.mouse.move(paragraph["x"] + 190, paragraph["y"] + 8, steps=5)
    chat.page.mouse.up()
    selected = chat.page.evaluate(SELECTED)
    assert len(selected) > 12
    chat.open_gate(generation)
    chat.expect_status("completed")
    expect(chat.text.locator("a")).to_have_count(4)
    assert chat.page.evaluate(SELECTED) == selected


def test_all_of_a_long_reply_is_copied_though_most_of_it_is_not_in_sight(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.choose("scripted/markdown")
    chat.amend_requests(script={"tokens_per_second": 5000, "repeat": 12})
    chat.ask("show me")
    chat.expect_status("completed")
    chat.text.evaluate("(text) => getSelection().selectAllChildren(text)")
    words = copied(chat).split()
    once = words[: len(words) // 12]
    assert len(once) > 150
    assert words.count(once[0]) == 12 * once.count(once[0])
    assert words[-len(once) :] == once


FORMULAS = r"""So $a^2$ is:

$$
\frac{1}{2}
$$

and **then** \(b_1\) ends."""


def test_formulas_are_copied_as_they_are_written(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.ask(FORMULAS)
    chat.expect_status("completed")
    expect(chat.text.locator("math")).to_have_count(3)
    chat.text.evaluate("(text) => getSelection().selectAllChildren(text)")
    selected = chat.page.evaluate(SELECTED)
    assert copied(chat).split("\n\n") == ["So $a^2$ is:", r"$$\frac{1}{2}$$", r"and then $b_1$ ends."]
    assert chat.page.evaluate(SELECTED) == selected
    expect(chat.text.locator("math")).to_have_count(3)
    # With its form, for whatever takes more than letters.
    markup = chat.page.evaluate(
        "navigator.clipboard.read().then(([item]) => item.getType('text/html')).then((html) => html.text())"
    )
    assert markup.count("<math") == 3
    assert "<strong>then</strong>" in markup

    # From the middle of one formula to the middle of another: both are copied whole.
    chat.text.evaluate("""(text) => {
        const letters = [...text.querySelectorAll("math")].map((math) => math.querySelector("mi, mn"));
        getSelection().setBaseAndExtent(letters[1].firstChild, 0, letters[2].firstChild, 1);
    }""")
    assert copied(chat).split("\n\n") == [r"$$\frac{1}{2}$$", r"and then $b_1$"]

    # Where a selection only ends beside a formula, and where nothing is selected, nothing of it is copied.
    chat.text.evaluate("""(text) => {
        const words = text.querySelector("p").firstChild;
        getSelection().setBaseAndExtent(words, 0, words, words.length);
    }""")
    assert copied(chat) == "So "
    chat.text.evaluate("(text) => getSelection().collapse(text.querySelector('mi').firstChild, 0)")
    assert copied(chat) == "So "


def test_what_is_copied_across_messages_is_what_was_said(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.ask("one")
    chat.expect_status("completed")
    chat.ask("two " * 400)
    chat.expect_status("completed")
    expect(chat.questions.last.get_by_test_id("fold")).to_be_visible()
    chat.page.get_by_role("log").evaluate("(log) => getSelection().selectAllChildren(log)")
    assert copied(chat).split() == ["one", "one"] + ["two"] * 800
