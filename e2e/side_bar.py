"""The side bar with the conversations, in the words of a person who uses it."""

from playwright.sync_api import Locator, Page, expect


class SideBar:
    """The list of conversations beside a chat, or over it on a narrow page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.bar = page.get_by_test_id("sidebar")
        self.toggle = page.get_by_test_id("sidebar-toggle")
        self.list = page.get_by_test_id("conversation-list")
        self.items = page.get_by_test_id("conversation-item")
        self.headings = self.list.get_by_role("heading")
        self.open_item = page.locator("[data-testid=conversation-item][aria-current=page]")
        self.words = page.get_by_test_id("search-input")
        self.results = page.get_by_test_id("search-result")
        self.snippets = page.get_by_test_id("search-snippet")
        self.rename_box = page.get_by_test_id("rename-input")
        self.toast = page.get_by_test_id("toast")

    def item(self, title: str) -> Locator:
        """The row of a conversation, by its whole title."""
        return self.items.filter(has=self.page.get_by_role("link").get_by_text(title, exact=True))

    def open(self, title: str) -> None:
        """Go to a conversation."""
        self.item(title).get_by_role("link").click()
        expect(self.item(title)).to_have_attribute("aria-current", "page")

    def choose(self, title: str, action: str) -> None:
        """Open the menu of a conversation, and choose from it: `rename`, `pin`, `share` and so on."""
        self.open_menu(self.item(title))
        self.page.get_by_test_id(f"menu-{action}").click()

    def open_menu(self, item: Locator) -> None:
        """Open the menu of a row. A tab behind another draws too rarely to be clicked at."""
        self.page.bring_to_front()
        item.hover()
        item.get_by_test_id("conversation-menu").click()
        expect(self.page.get_by_role("menu")).to_be_visible()

    def share(self, item: Locator) -> str:
        """Make the link to a conversation, and leave the dialog open; returns the link."""
        self.open_menu(item)
        self.page.get_by_test_id("menu-share").click()
        dialog = self.page.get_by_test_id("share-dialog")
        dialog.get_by_test_id("share-create").click()
        return dialog.get_by_test_id("share-link").input_value()

    def rename(self, title: str, other: str) -> None:
        """Give a conversation another title."""
        self.choose(title, "rename")
        self.rename_box.fill(other)
        self.rename_box.press("Enter")
        expect(self.item(other)).to_be_visible()

    def choose_for_all(self, action: str) -> None:
        """Open the menu of the bar itself, and choose from it: `import`, `export-all` and so on."""
        self.bar.get_by_test_id("sidebar-menu").click()
        self.page.get_by_test_id(action).click()
