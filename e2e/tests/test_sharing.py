"""What was shared can be read by whoever has the link; what was exported can be taken along."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chat_page import ChatPage
from conftest import SomebodyElse
from side_bar import SideBar

pytestmark = pytest.mark.parametrize("protocol", ["http2"], indirect=True)


def test_a_shared_conversation_is_read_until_it_is_taken_back(
    chat: ChatPage, somebody_else: SomebodyElse
) -> None:
    bar = SideBar(chat.page)
    chat.ask("how do rivers begin")
    chat.expect_status("completed")
    link = bar.share(bar.items.first)
    dialog = chat.page.get_by_test_id("share-dialog")
    chat.page.keyboard.press("Escape")
    chat.ask("a later secret")
    chat.expect_status("completed")

    reader = somebody_else.chat
    shared = reader.page.get_by_test_id("shared-page")
    reader.page.goto(link)
    expect(shared.get_by_test_id("message-user")).to_have_text("how do rivers begin")
    expect(reader.replies.get_by_test_id("reply-text")).to_have_text("how do rivers begin")
    lines = "(text) => text.offsetHeight / parseFloat(getComputedStyle(text).lineHeight)"
    assert round(shared.get_by_test_id("message-user").locator("p").evaluate(lines)) == 1
    expect(shared).not_to_contain_text("a later secret")
    expect(reader.page).to_have_title(f"{shared.get_by_role('heading').first.inner_text()} · Headwater")
    for forbidden in (reader.box, reader.regenerate, reader.page.get_by_test_id("edit")):
        expect(forbidden).to_have_count(0)

    bar.open_menu(bar.items.first)
    chat.page.get_by_test_id("menu-share").click()
    dialog.get_by_test_id("share-stop").click()
    expect(dialog.get_by_test_id("share-create")).to_be_visible()
    somebody_else.complaints.expect("status of 404")
    reader.page.reload()
    expect(reader.not_found).to_contain_text("Nothing is shared here")
    reader.page.get_by_role("link", name="Start your own chat").click()
    expect(reader.empty_state).to_be_visible()


def test_what_one_profile_exports_another_imports(
    chat: ChatPage, somebody_else: SomebodyElse, tmp_path: Path
) -> None:
    bar = SideBar(chat.page)
    chat.ask("one")
    chat.expect_status("completed")
    chat.ask("two")
    chat.expect_status("completed")
    chat.edit(1, "two, asked differently")
    chat.expect_status("completed")
    title = chat.page.get_by_test_id("title").inner_text()
    bar.rename(title, "Of numbers")

    with chat.page.expect_download() as downloaded:
        bar.choose("Of numbers", "export-markdown")
    assert downloaded.value.suggested_filename.endswith(".md")
    markdown = downloaded.value.path().read_text("utf-8")
    assert "Of numbers" in markdown
    assert "two, asked differently" in markdown
    with chat.page.expect_download() as downloaded:
        bar.choose_for_all("export-all")
    exported = tmp_path / downloaded.value.suggested_filename
    downloaded.value.save_as(exported)
    assert [each["title"] for each in json.loads(exported.read_text("utf-8"))["conversations"]] == [
        "Of numbers"
    ]

    reader = somebody_else.chat
    theirs = SideBar(reader.page)
    import_file(theirs, exported)
    expect(theirs.toast).to_contain_text("One conversation was imported.")
    poem = tmp_path / "poem.json"
    poem.write_text("{}", "utf-8")
    somebody_else.complaints.expect("status of 400")
    import_file(theirs, poem)
    expect(theirs.toast.last).to_contain_text("“poem.json” was not imported.")
    theirs.open("Of numbers")
    expect(reader.replies.get_by_test_id("reply-text")).to_have_text(["one", "two, asked differently"])
    expect(reader.position).to_have_text("2 of 2")
    reader.previous.click()
    expect(reader.text).to_have_text("two")


def import_file(bar: SideBar, file: Path) -> None:
    with bar.page.expect_file_chooser() as chooser:
        bar.choose_for_all("import")
    chooser.value.set_files(file)
