"""Years of conversations are as quick as a few."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from archive import conversation, question, reply
from chat_page import ChatPage
from side_bar import SideBar

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)

MANY = 10_000
LATEST = datetime(2026, 11, 22, 10, tzinfo=UTC)

DRAWN_ROWS = 60
"""More than a bar of 800 pixels shows, twice over."""

LONGEST_TASK = 4
"""In yardsticks: a page that is busy for less answers at once, and drawing ten thousand rows takes more."""

YARDSTICK = """
    () => {
        const words = Array.from({ length: 200_000 }, (_, place) => String((place * 7919) % 200_003));
        const began = performance.now();
        words.sort((one, other) => one.localeCompare(other));
        return performance.now() - began;
    }
"""
"""Work whose time, in milliseconds, tells how fast this machine is at this moment."""

WATCH = """
    () => {
        window.tasks = [];
        window.watcher = new PerformanceObserver((list) =>
            window.tasks.push(...list.getEntries().map((entry) => entry.duration)));
        window.watcher.observe({ type: "longtask" });
    }
"""
LONG_TASKS = """
    () => {
        window.tasks.push(...window.watcher.takeRecords().map((entry) => entry.duration));
        return window.tasks.splice(0);
    }
"""
TO_THE_END = """
    async ([box, step, last]) => {
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        const rows = () => [...document.querySelectorAll("[data-testid=conversation-item]")];
        const isSeen = (row) => {
            const [within, { top, bottom }] = [box.getBoundingClientRect(), row.getBoundingClientRect()];
            return top >= within.top && bottom <= within.bottom;
        };
        const isThere = () => rows().some((row) => row.textContent === last && isSeen(row));
        let most = 0;
        let moved = performance.now();
        for (let still = false; !(still && isThere()) && performance.now() - moved < 30_000; ) {
            const before = [box.scrollTop, box.scrollHeight].join();
            box.scrollTop += step;
            await frame();
            most = Math.max(most, rows().length);
            still = [box.scrollTop, box.scrollHeight].join() === before;
            if (!still) moved = performance.now();
        }
        return { most, top: box.scrollTop };
    }
"""
"""Scrolls in steps of so many pixels until the last row is seen and nothing moves, or never comes."""

JUMPS = """
    async ([steps, distance]) => {
        let box = document.querySelector("[role=log]");
        while (!/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        const { left, top } = box.getBoundingClientRect();
        // Between two rows there is nothing to be seen: the next one above counts.
        const seen = (y) =>
            document.elementFromPoint(left + box.clientWidth / 2, y).closest("[data-row]") ?? seen(y - 12);
        let worst = 0;
        for (let step = 0; step < steps; step += 1) {
            const row = seen(top + box.clientHeight / 2);
            const before = row.getBoundingClientRect().top;
            box.scrollBy({ top: -distance, behavior: "instant" });
            await frame();
            await frame();
            worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before - distance));
        }
        return worst;
    }
"""
"""Scrolls up, and tells how far what is read in the middle has moved otherwise, in pixels."""


def longest_task(page: Page) -> float:
    """The longest time, in yardsticks, for which the page did nothing else since it was last asked."""
    longest: float = max(page.evaluate(LONG_TASKS), default=0.0)
    yardstick: float = max(page.evaluate(YARDSTICK) for _ in range(2))
    page.evaluate(LONG_TASKS)
    return longest / yardstick


def test_ten_thousand_conversations_are_scrolled_through(chat: ChatPage) -> None:
    bar = SideBar(chat.page)
    chat.import_conversations(
        [
            conversation(
                [question(f"Question {place}"), reply(f"Reply {place}")],
                title=f"Conversation {place}",
                at=LATEST - timedelta(hours=place),
            )
            for place in range(MANY)
        ]
    )
    chat.page.reload()
    expect(bar.item("Conversation 0")).to_be_visible()
    chat.page.evaluate(WATCH)
    assert bar.items.count() <= DRAWN_ROWS
    box = bar.list.element_handle()
    down = chat.page.evaluate(TO_THE_END, [box, 4000, f"Conversation {MANY - 1}"])
    expect(bar.item(f"Conversation {MANY - 1}")).to_be_visible()
    bar.open(f"Conversation {MANY - 1}")
    expect(chat.text).to_have_text(f"Reply {MANY - 1}")
    up = chat.page.evaluate(TO_THE_END, [box, -4000, "Conversation 0"])
    expect(bar.item("Conversation 0")).to_be_visible()
    assert max(down["most"], up["most"]) <= DRAWN_ROWS
    assert up["top"] == 0
    scrolling = longest_task(chat.page)

    # With the whole list read, what changes is still quick.
    bar.rename("Conversation 0", "Of rivers")
    bar.words.fill("reply 9998")
    expect(bar.results).to_have_count(1)
    bar.results.click()
    expect(chat.text).to_have_text("Reply 9998")
    chat.ask("hello")
    chat.expect_status("completed")
    bar.words.press("Escape")
    expect(bar.open_item).to_have_text("Conversation 9998")
    changing = longest_task(chat.page)
    assert max(scrolling, changing) <= LONGEST_TASK, (scrolling, changing)


def test_two_thousand_messages_open_at_their_end_and_do_not_jump(chat: ChatPage) -> None:
    paragraph = "A **river** does not wait until it is `whole` before it begins to flow. "
    place = chat.import_conversation(
        [
            reply(f"Reply {number}. " + paragraph * (1 + number % 9))
            if number % 2
            else question(f"Question {number}")
            for number in range(2000)
        ]
    )
    chat.visit(f"/c/{place}")
    expect(chat.reply).to_contain_text("Reply 1999")
    expect(chat.figures.last).to_be_in_viewport()
    expect(chat.jump_to_latest).to_have_count(0)
    chat.page.evaluate(WATCH)
    chat.page.mouse.move(800, 300)
    chat.page.mouse.wheel(0, -10)
    # Where Playwright has to wait, it describes all that is there, on the page's own thread: what is
    # measured waits without it.
    chat.page.wait_for_function("document.querySelector('[data-testid=jump-to-latest]')")
    assert chat.page.evaluate(JUMPS, [80, 250]) <= 1
    chat.questions.first.evaluate("(question) => question.scrollIntoView()")
    chat.page.wait_for_function("document.querySelector('[data-testid=message-user] [data-testid=edit]')")
    going = longest_task(chat.page)
    expect(chat.jump_to_latest).to_be_visible()
    expect(chat.questions.first).to_be_in_viewport()
    expect(chat.questions.first.get_by_test_id("edit")).to_have_count(1)
    chat.page.evaluate(LONG_TASKS)
    chat.jump_to_latest.click()
    chat.page.wait_for_function("!document.querySelector('[data-testid=jump-to-latest]')")
    returning = longest_task(chat.page)
    expect(chat.figures.last).to_be_in_viewport()
    assert max(going, returning) <= LONGEST_TASK, (going, returning)
