"""A conversation outlasts the page: reloads, other tabs, other conversations, branches."""

import pytest
from playwright.sync_api import BrowserContext, expect

from chat_page import ChatPage

WORDS = [f"word{number}" for number in range(60)]
MESSAGE = " ".join(WORDS)
GATES = (5, 12, 20, 33, 47)

FIRST_TEXTS = """
    () => {
        const seen = (window.seen = []);
        const look = () => {
            const text = document.querySelector("[data-testid=reply-text]")?.textContent.trim();
            if (text !== undefined && text !== seen.at(-1)) seen.push(text);
            requestAnimationFrame(look);
        };
        look();
    }
"""

SCROLLED_BY = """
    async (distance) => {
        let box = document.querySelector("[role=log]");
        while (!/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
        const drawn = () =>
            new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        const middle = box.getBoundingClientRect().top + box.clientHeight / 2;
        const rows = [...document.querySelectorAll("[data-row]")];
        const row = rows.find((each) => each.getBoundingClientRect().bottom > middle);
        const before = row.getBoundingClientRect().top;
        box.scrollBy({ top: -distance, behavior: "instant" });
        await drawn();
        await drawn();
        return row.getBoundingClientRect().top - before;
    }
"""

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def gates(*places: int) -> dict[str, object]:
    return {"faults": [{"after": place, "kind": "gate"} for place in places], "tokens_per_second": 500}


def another_tab(context: BrowserContext, chat: ChatPage) -> ChatPage:
    tab = ChatPage(context.new_page())
    tab.open(chat.page.url)
    return tab


def test_a_reload_in_mid_reply_shows_what_was_said_and_goes_on(chat: ChatPage) -> None:
    chat.page.add_init_script(f"({FIRST_TEXTS})()")
    chat.amend_requests(script=gates(*GATES))
    generation = chat.ask(MESSAGE)
    for place in GATES:
        said = " ".join(WORDS[:place])
        expect(chat.text).to_have_text(said)
        chat.page.reload()
        expect(chat.text).to_have_text(said)
        expect(chat.box).to_be_disabled()
        chat.expect_status("streaming")
        assert chat.page.evaluate("window.seen") == [said]
        chat.open_gate(generation)
    chat.expect_status("completed")
    expect(chat.text).to_have_text(MESSAGE)
    expect(chat.questions).to_have_text(MESSAGE)
    expect(chat.replies).to_have_count(1)


def test_two_tabs_agree_without_a_reload(chat: ChatPage, context: BrowserContext) -> None:
    chat.ask("first")
    chat.expect_status("completed")
    other = another_tab(context, chat)
    other.amend_requests(script=gates(12))
    generation = other.ask(MESSAGE)
    for tab in (chat, other):
        expect(tab.text).to_have_text(" ".join(WORDS[:12]))
        expect(tab.box).to_be_disabled()
    chat.open_gate(generation)
    for tab in (chat, other):
        tab.expect_status("completed")
        expect(tab.text).to_have_text(MESSAGE)
        expect(tab.box).to_be_enabled()
    chat.generation_started_by(chat.regenerate)
    for tab in (chat, other):
        expect(tab.position).to_have_text("2 / 2")
        tab.expect_status("completed")
    other.previous.click()
    for tab in (chat, other):
        expect(tab.position).to_have_text("1 / 2")
    other.page.close()


def test_a_reply_goes_on_while_another_chat_is_looked_at(chat: ChatPage) -> None:
    chat.amend_requests(script=gates(12))
    generation = chat.ask(MESSAGE)
    expect(chat.text).to_have_text(" ".join(WORDS[:12]))
    address = chat.page.url
    chat.new_chat.click()
    expect(chat.empty_state).to_be_visible()
    chat.open_gate(generation)
    chat.page.go_back()
    chat.expect_status("completed")
    expect(chat.text).to_have_text(MESSAGE)
    assert chat.page.url == address


def test_branches_are_stepped_through_and_kept(chat: ChatPage) -> None:
    chat.ask("one")
    chat.expect_status("completed")
    chat.ask("two")
    chat.expect_status("completed")
    chat.edit(0, "another one")
    expect(chat.text).to_have_text("another one")
    chat.expect_status("completed")
    expect(chat.questions).to_have_count(1)
    expect(chat.position).to_have_text("2 / 2")
    expect(chat.next).to_be_disabled()
    chat.previous.click()
    expect(chat.replies.get_by_test_id("reply-text")).to_have_text(["one", "two"])
    expect(chat.next).to_be_focused()
    # The page tells the server: what is read anew is the same branch.
    with chat.page.expect_response(lambda response: response.request.method == "PATCH"):
        chat.page.keyboard.press("Enter")
    expect(chat.text).to_have_text("another one")
    chat.page.reload()
    expect(chat.text).to_have_text("another one")
    expect(chat.position).to_have_text("2 / 2")


def test_a_link_leads_to_a_message_on_another_branch(chat: ChatPage) -> None:
    chat.ask("one")
    chat.expect_status("completed")
    message = _message_of(chat)
    address = chat.page.url
    chat.edit(0, "another one")
    chat.expect_status("completed")
    chat.page.goto("about:blank")
    chat.page.goto(f"{address}#{message}")
    expect(chat.text).to_have_text("one")
    expect(chat.reply).to_be_in_viewport()
    expect(chat.position).to_have_text("1 / 2")


def _message_of(chat: ChatPage) -> str:
    message = chat.reply.get_attribute("data-message")
    assert message is not None
    return message


def test_what_was_stopped_goes_on_as_one_reply(chat: ChatPage) -> None:
    chat.amend_requests(script=gates(12))
    chat.ask(MESSAGE)
    expect(chat.text).to_have_text(" ".join(WORDS[:12]))
    chat.page.keyboard.press("Escape")
    chat.expect_status("cancelled")
    chat.page.unroute_all()
    chat.generation_started_by(chat.go_on)
    chat.expect_status("completed")
    expect(chat.replies).to_have_count(1)
    expect(chat.figures).to_have_count(1)
    expect(chat.text).to_contain_text(" ".join(WORDS[:12]))
    joined = chat.text.inner_text()
    chat.page.reload()
    expect(chat.text).to_have_text(joined)


def test_a_long_conversation_opens_at_its_end_and_does_not_jump(chat: ChatPage) -> None:
    paragraph = "A **river** does not wait until it is `whole` before it begins to flow. "
    messages: list[dict[str, object]] = [
        {"role": "assistant", "text": f"Reply {place}. " + paragraph * (1 + place % 9)}
        if place % 2
        else {"role": "user", "text": f"Question {place}"}
        for place in range(2000)
    ]
    conversation = chat.import_conversation(messages)
    chat.page.goto(f"{chat.page.url}c/{conversation}")
    expect(chat.reply).to_contain_text("Reply 1999")
    expect(chat.figures).to_be_in_viewport()
    chat.page.mouse.move(800, 300)
    chat.page.mouse.wheel(0, -10)
    expect(chat.jump_to_latest).to_be_visible()
    for _ in range(40):
        assert abs(chat.page.evaluate(SCROLLED_BY, 250) - 250) <= 1
    chat.jump_to_latest.click()
    expect(chat.figures).to_be_in_viewport()


def test_a_draft_is_kept_for_each_conversation(chat: ChatPage) -> None:
    chat.ask("first")
    chat.expect_status("completed")
    chat.box.fill("not sent")
    chat.new_chat.click()
    expect(chat.box).to_have_value("")
    chat.page.go_back()
    expect(chat.box).to_have_value("not sent")
    chat.page.reload()
    expect(chat.box).to_have_value("not sent")
