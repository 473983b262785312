"""A conversation outlasts the page: reloads, other tabs, other conversations, branches."""

import pytest
from playwright.sync_api import Route, expect

from chat_page import ChatPage
from complaints import Complaints
from side_bar import SideBar

WORDS = [f"word{number}" for number in range(60)]
MESSAGE = " ".join(WORDS)
GATES = (5, 20, 47)

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

over_one_protocol = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def gates(*places: int) -> dict[str, object]:
    return {"faults": [{"after": place, "kind": "gate"} for place in places], "tokens_per_second": 500}


@over_one_protocol
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
    assert chat.saved_replies() == [MESSAGE]


@pytest.mark.parametrize("protocol", ["http1"], indirect=True)
def test_reloads_in_full_flow_lose_and_double_nothing(chat: ChatPage) -> None:
    chat.amend_requests(script={"tokens_per_second": 40, "repeat": 3})
    chat.ask(MESSAGE)
    chat.page.wait_for_url("**/c/*")
    for _ in range(3):
        chat.page.reload()
        expect(chat.text).to_contain_text("word1")
    chat.expect_status("completed")
    expect(chat.text).to_have_text(" ".join([MESSAGE] * 3))
    expect(chat.replies).to_have_count(1)
    assert chat.saved_replies() == [" ".join([MESSAGE] * 3)]


@over_one_protocol
@pytest.mark.parametrize(("before", "is_received"), [([], False), (["one"], True)])
def test_a_reload_before_the_answer_loses_and_doubles_nothing(
    chat: ChatPage, before: list[str], *, is_received: bool
) -> None:
    withheld: list[str] = []

    def withhold(route: Route) -> None:
        if is_received:
            route.fetch()
        withheld.append(route.request.url)

    for question in before:
        chat.ask(question)
        chat.expect_status("completed")
    chat.page.route("**/api/chat", withhold, times=1)
    chat.box.fill(MESSAGE)
    chat.send.click()
    while not withheld:
        chat.page.evaluate("new Promise(requestAnimationFrame)")
    chat.page.reload()
    expect(chat.text).to_have_text(MESSAGE)
    chat.expect_status("completed")
    expect(chat.questions).to_have_text([*before, MESSAGE])
    expect(chat.box).to_have_value("")
    assert chat.saved_replies() == [*before, MESSAGE]
    assert len(chat.list_conversations()) == 1


@over_one_protocol
def test_a_reload_right_after_the_first_message_shows_its_conversation(chat: ChatPage) -> None:
    """The reload may be on its way to the address of a new chat while the answer comes."""
    for number in range(1, 4):
        chat.visit("/")
        chat.choose("scripted/prose")
        chat.box.fill(f"Message {number}")
        chat.box.press("Enter")
        chat.page.reload()
        expect(chat.replies).to_have_count(1)
        # A message that is sent again after the reload is shown before the server has it.
        expect(chat.text).to_contain_text("A river")
        assert len(chat.list_conversations()) == number


@over_one_protocol
def test_two_replies_run_at_once_in_two_conversations(chat: ChatPage) -> None:
    bar = SideBar(chat.page)
    chat.amend_requests(script=gates(12))
    generations = []
    for name in ("first", "second"):
        chat.new_chat.click()
        generations.append(chat.ask(f"{name} {MESSAGE}"))
        expect(chat.text).to_have_text(f"{name} " + " ".join(WORDS[:11]))
    expect(bar.page.locator("[data-running=true]")).to_have_count(2)
    chat.page.go_back()
    expect(chat.text).to_have_text("first " + " ".join(WORDS[:11]))
    expect(chat.box).to_be_disabled()
    for generation in generations:
        chat.open_gate(generation)
    chat.expect_status("completed")
    expect(chat.text).to_have_text(f"first {MESSAGE}")
    expect(bar.page.locator("[data-running=true]")).to_have_count(0)
    chat.page.go_forward()
    expect(chat.text).to_have_text(f"second {MESSAGE}")
    chat.expect_status("completed")


@over_one_protocol
def test_branches_are_stepped_through_and_kept(chat: ChatPage) -> None:
    chat.ask("one")
    chat.expect_status("completed")
    chat.ask("two")
    chat.expect_status("completed")
    chat.edit(0, "another one")
    expect(chat.text).to_have_text("another one")
    chat.expect_status("completed")
    expect(chat.questions).to_have_count(1)
    expect(chat.position).to_have_text("2 of 2")
    expect(chat.next).to_be_disabled()
    second = chat.reply.get_attribute("data-message")
    chat.previous.click()
    expect(chat.replies.get_by_test_id("reply-text")).to_have_text(["one", "two"])
    expect(chat.next).to_be_focused()
    # The page tells the server: what is read anew is the same branch.
    with chat.page.expect_response(lambda response: response.request.post_data_json == {"leaf": second}):
        chat.page.keyboard.press("Enter")
    expect(chat.text).to_have_text("another one")
    chat.page.reload()
    expect(chat.text).to_have_text("another one")
    expect(chat.position).to_have_text("2 of 2")


@over_one_protocol
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
    expect(chat.position).to_have_text("1 of 2")


def _message_of(chat: ChatPage) -> str:
    message = chat.reply.get_attribute("data-message")
    assert message is not None
    return message


@over_one_protocol
def test_prose_that_was_stopped_twice_is_the_same_as_in_one_go(chat: ChatPage) -> None:
    chat.choose("scripted/prose")
    chat.amend_requests(script={"tokens_per_second": 2000})
    chat.ask("speak")
    chat.expect_status("completed")
    (whole,) = chat.saved_replies()
    chat.page.unroute_all()
    chat.new_chat.click()
    chat.choose("scripted/prose")
    chat.amend_requests(script=gates(20))
    chat.ask("speak")
    for _ in range(2):
        expect(chat.page.locator("[data-running=true]")).to_have_count(1)
        expect(chat.text).to_contain_text(" ".join(whole.split()[15:18]))
        chat.stop.click()
        chat.expect_status("cancelled")
        chat.generation_started_by(chat.go_on)
    chat.page.unroute_all()
    chat.stop.click()
    chat.expect_status("cancelled")
    chat.generation_started_by(chat.go_on)
    chat.expect_status("completed")
    expect(chat.replies).to_have_count(1)
    expect(chat.figures).to_have_count(1)
    assert "".join(chat.saved_replies()) == whole
    chat.page.reload()
    expect(chat.replies).to_have_count(1)
    chat.expect_status("completed")


@over_one_protocol
def test_a_question_is_there_while_the_box_to_write_it_anew_cannot_be_had(
    chat: ChatPage, complaints: Complaints
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED")
    complaints.expect("edit-box")
    chat.ask("a river")
    chat.expect_status("completed")
    chat.questions.get_by_test_id("edit").click()
    box = chat.page.get_by_test_id("edit-input")
    box.fill("a river, and a lake")
    chat.page.route("**/assets/edit-box-*.js", lambda route: route.abort("connectionrefused"))
    chat.page.reload()
    expect(chat.questions).to_have_text("a river")
    chat.page.unroute_all()
    chat.page.reload()
    expect(box).to_have_value("a river, and a lake")
