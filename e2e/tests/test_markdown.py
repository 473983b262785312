"""Markdown is drawn as it comes, and its syntax is never seen."""

import re

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from streamcheck import assert_grew_in_steps, assert_never_showed, assert_never_shrank

RAW = ("**", "`", "~~", "| --", "|--", "|:-", "##", "$", "\\frac", "](", "- [", "> A reply", "1. The")
"""Signs of Markdown that no rendered text of the scenario contains."""

FIRST_FORMULA = 196
"""Tokens of the scenario up to the end of its first formula."""

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def test_syntax_never_flashes(chat: ChatPage) -> None:
    chat.choose("scripted/markdown")
    recording = chat.record()
    generation = chat.ask("show me")
    timeline = recording.wait_until_finished()
    source = chat.generation(generation)["text"]
    assert all(sign in source for sign in ("**", "`", "~~", "|:-", "###", "$$", "\\frac", "]("))
    assert_never_showed(timeline, *RAW)
    assert_grew_in_steps(timeline, at_least=10, largest_share=0.5)


def test_a_formula_never_shows_its_source(chat: ChatPage) -> None:
    """Not even the first one on a page, while what draws formulas is being fetched."""
    chat.choose("scripted/markdown")
    chat.amend_requests(
        script={"tokens_per_second": 120, "faults": [{"after": FIRST_FORMULA, "kind": "gate"}]}
    )
    recording = chat.record()
    generation = chat.ask("show me")
    expect(chat.text.locator("math")).to_have_count(1)
    chat.open_gate(generation)
    timeline = recording.wait_until_finished()
    expect(chat.text.locator("math")).to_have_count(4)
    assert_never_showed(timeline, "t_1", "t_n", "\\frac")
    assert_never_shrank(timeline, rewritten=24)


def test_what_is_no_formula_is_shown_as_it_was_written(chat: ChatPage) -> None:
    chat.ask(r"Here $\frac{1}{$ and $\begin{matrix} a \\ b \end{matrix}$")
    chat.expect_status("completed")
    expect(chat.text.locator("math")).to_have_count(1)
    expect(chat.text.locator(".formula").first).to_have_text(r"\frac{1}{")
    first, second = (row.bounding_box() for row in chat.text.locator("mtd").all())
    assert first is not None
    assert second is not None
    assert first["height"] > 16, "rows do not touch"


def test_every_block_is_drawn_as_what_it_is(chat: ChatPage) -> None:
    chat.choose("scripted/markdown")
    chat.amend_requests(script={"tokens_per_second": 2000})
    source = chat.generation(chat.ask("show me"))
    chat.expect_status("completed")
    source = chat.generation(source["generation"])
    text = chat.text
    expect(text.locator("strong")).to_have_text("all at once")
    expect(text.locator("em")).to_have_text("two")
    expect(text.locator("del")).to_have_text("long")
    expect(text.locator("ol > li")).to_have_count(3)
    expect(text.locator("ol ul > li")).to_have_count(3)
    expect(text.locator("blockquote")).to_contain_text("append-only log")
    expect(text.locator("table thead th")).to_have_text(
        ["Transport", "Direction", "Reconnects by itself", "Good for"]
    )
    expect(text.locator("table tbody tr")).to_have_count(3)
    expect(text.locator("math")).to_have_count(4)
    expect(text.locator("input[type=checkbox]")).to_have_count(2)
    expect(text.locator("hr")).to_have_count(1)
    link = text.get_by_role("link", name="specification of server-sent events")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    expect(text).to_contain_text("Raw markup such as <b>this</b> is text")
    expect(text.locator("b")).to_have_count(0)
    fenced = re.search(r"```python\n(.*?)\n```", source["text"], re.DOTALL)
    assert fenced is not None
    assert (text.locator("pre code").text_content() or "").strip() == fenced[1]


def test_code_can_be_copied_and_is_highlighted(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.choose("scripted/code")
    chat.amend_requests(script={"tokens_per_second": 2000})
    started = chat.ask("show me")
    chat.expect_status("completed")
    source = chat.generation(started)["text"]
    blocks = re.findall(r"```\w+\n(.*?)\n```", source, re.DOTALL)
    shown = [(code.text_content() or "").strip() for code in chat.text.locator("pre code").all()]
    assert shown == blocks
    expect(chat.text.locator("pre code").first.locator("span").first).to_be_attached()
    chat.text.get_by_role("button", name="Copy code").nth(2).click()
    expect(chat.text.get_by_role("button", name="Copied")).to_be_visible()
    assert chat.page.evaluate("navigator.clipboard.readText()") == blocks[2]


def test_the_bar_of_a_long_code_stays_in_sight(chat: ChatPage) -> None:
    lines = "\n".join(f"line_{number} = {number}" for number in range(150))
    chat.amend_requests(script={"tokens_per_second": 2000})
    chat.ask(f"```python\n{lines}\n```\n\nThe end.")
    chat.expect_status("completed")
    copy = chat.reply.get_by_role("button", name="Copy code")
    for _ in range(3):
        chat.page.mouse.move(640, 300)
        chat.page.mouse.wheel(0, -600)
        expect(chat.jump_to_latest).to_be_visible()
        expect(copy).to_be_in_viewport(ratio=1)
    copy.click(trial=True)
    assert not chat.reply.locator("pre").evaluate("(code) => code.getBoundingClientRect().top > 0")


def test_a_diagram_is_drawn_once_it_is_whole(chat: ChatPage) -> None:
    """As a picture, by a page of its own; what cannot be drawn stays the code that it is."""
    chat.choose("scripted/echo")
    frame = chat.page.locator("iframe")
    expect(frame).to_have_count(0)
    whole = "```mermaid\nflowchart LR\n  spring --> river\n```\n"
    chat.ask(f"{whole}\n```mermaid\nno such diagram\n```\n\nThe end.")
    picture = chat.text.get_by_role("img")
    expect(picture).to_have_attribute("alt", re.compile("spring --> river"))
    expect(frame).to_have_attribute("sandbox", "allow-scripts")
    width, height = picture.evaluate(
        "async (image) => (await image.decode(), [image.naturalWidth, image.naturalHeight])"
    )
    assert width > height > 20
    source = picture.get_attribute("src")
    assert source is not None
    chat.page.emulate_media(color_scheme="dark")
    expect(picture).not_to_have_attribute("src", source)
    chat.page.emulate_media(color_scheme="light")
    expect(picture).to_have_attribute("src", source)
    expect(chat.text.locator("pre")).to_have_text("no such diagram")
    chat.text.get_by_role("button", name="Show the source").click()
    expect(chat.text.locator("pre").first).to_contain_text("spring --> river")
