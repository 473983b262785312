// @vitest-environment jsdom
import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeEventSource } from "../testing/fake-event-source";
import { conversation, FakeServer } from "../testing/fake-server";
import { renderSidebar, stubScreen, titles } from "../testing/render-sidebar";

const OLD = conversation("old", { title: "An old one", updated_at: "2024-02-01T10:00:00.000Z" });
const NEW = conversation("new", { title: "A new one", updated_at: "2024-02-02T10:00:00.000Z" });
const PINNED = conversation("pin", { title: "A pinned one", pinned: true });

const row = (id: string) => {
  const match = screen
    .getAllByTestId("conversation-item")
    .find((each) => each.dataset.conversation === id);
  if (match === undefined) throw new Error(`there is no row of ${id}`);
  return within(match);
};
const path = () => screen.getByTestId("path").textContent;

async function open(server = new FakeServer([OLD, NEW, PINNED]), address = "/") {
  renderSidebar(server, address);
  await screen.findAllByTestId("conversation-item");
  return server;
}

async function choose(id: string, item: string) {
  await userEvent.click(row(id).getByTestId("conversation-menu"));
  await userEvent.click(await screen.findByTestId(item));
}

beforeEach(() => {
  FakeEventSource.opened = [];
  localStorage.clear();
  stubScreen({ isWide: true });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the list", () => {
  it("has the pinned first, then the others by date", async () => {
    await open();
    const list = screen.getByTestId("conversation-list");
    expect(list.textContent).toBe("PinnedA pinned oneFebruary 2024A new oneAn old one");
    expect(row("pin").getByRole("link").getAttribute("href")).toBe("/c/pin");
  });

  it("says which one is open", async () => {
    await open(undefined, "/c/new");
    expect(row("new").getByRole("link").getAttribute("aria-current")).toBe("page");
    expect(row("old").getByRole("link").getAttribute("aria-current")).toBeNull();
  });

  it("draws only what is in sight of ten thousand", async () => {
    const many = Array.from({ length: 10_000 }, (_, number) => conversation(`conv_${number}`));
    await open(new FakeServer(many));
    expect(screen.getAllByTestId("conversation-item").length).toBeLessThan(60);
  });

  it("draws the row that Tab leads to, also out of sight", async () => {
    const many = Array.from({ length: 1000 }, (_, number) => conversation(`conv_${number}`));
    const last = { ...OLD, updated_at: "2020-02-01T10:00:00.000Z" };
    await open(new FakeServer([...many, last], 2000), "/c/old");
    expect(row("old").getByRole("link").tabIndex).toBe(0);
  });

  it("says that there is nothing yet", async () => {
    renderSidebar(new FakeServer());
    expect(await screen.findByText(/will be kept here/)).toBeTruthy();
  });

  it("says that it could not be read, and tries again", async () => {
    const server = new FakeServer([NEW]);
    server.refuse("GET", "the database is locked");
    renderSidebar(server);
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("The database is locked.");
    await userEvent.click(screen.getByTestId("list-retry"));
    expect(await screen.findByText("A new one")).toBeTruthy();
  });

  it("reads on by itself, says where it could not, and reads on from there", async () => {
    const many = Array.from({ length: 90 }, (_, number) => conversation(`conv_${number}`));
    const server = new FakeServer(many, 5);
    await open(server);
    server.refuse("GET", "the database is locked");
    const alert = await screen.findByRole("alert");
    const read = () => server.requests.filter((each) => each === "GET /api/conversations").length;
    const before = read();
    await userEvent.click(within(alert).getByRole("button"));
    await waitFor(() => expect(read()).toBeGreaterThan(before + 1));
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("follows what happens elsewhere", async () => {
    const server = await open();
    server.set("old", { title: "Renamed elsewhere", running: true });
    act(() => FakeEventSource.latest.say("change", { conversations: ["old"] }));
    expect(await screen.findByText("Renamed elsewhere")).toBeTruthy();
    expect(row("old").getByText(/A reply is being written/)).toBeTruthy();
  });

  it("reads everything again when the feed begins anew", async () => {
    const server = await open();
    server.delete("old");
    act(() => FakeEventSource.latest.say("ready", {}));
    await waitFor(() => expect(titles()).toEqual(["A pinned one", "A new one"]));
  });

  it("is walked through with arrow keys, and is one stop for Tab", async () => {
    await open();
    const focused = () => document.activeElement?.textContent;
    act(() => row("pin").getByRole("link").focus());
    await userEvent.keyboard("{ArrowDown}");
    expect(focused()).toBe("A new one");
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    expect(focused()).toBe("An old one");
    await userEvent.keyboard("{Home}");
    expect(focused()).toBe("A pinned one");
    const stops = screen
      .getAllByRole("link")
      .filter((link) => link.closest("ul") && link.tabIndex === 0);
    expect(stops.map((link) => link.textContent)).toEqual(["A pinned one"]);
  });
});

describe("renaming", () => {
  const rename = async (id: string, keys: string) => {
    act(() => row(id).getByRole("link").focus());
    await userEvent.keyboard("{F2}");
    const input = await screen.findByTestId<HTMLInputElement>("rename-input");
    expect(document.activeElement).toBe(input);
    await userEvent.keyboard(keys);
  };

  it("saves with Enter, shows it at once and keeps the focus", async () => {
    const server = await open();
    await rename("new", "Better{Enter}");
    expect(row("new").getByText("Better")).toBeTruthy();
    expect(document.activeElement).toBe(row("new").getByRole("link"));
    await waitFor(() => expect(server.get("new")?.title).toBe("Better"));
  });

  it("saves when the box is left", async () => {
    const server = await open();
    await rename("new", "Better");
    await userEvent.click(screen.getByLabelText("Message"));
    await waitFor(() => expect(server.get("new")?.title).toBe("Better"));
  });

  it("drops with Escape, and drops what is blank or the same", async () => {
    const server = await open();
    for (const keys of ["Better{Escape}", "{Backspace}   {Enter}", "A new one{Enter}"]) {
      await rename("new", keys);
      expect(row("new").getByText("A new one")).toBeTruthy();
    }
    expect(server.requests.filter((request) => request.startsWith("PATCH"))).toEqual([]);
  });

  it("puts the title back when it is refused, and says why", async () => {
    const server = await open();
    server.refuse("PATCH", "the title is too long");
    await rename("new", "Better{Enter}");
    expect((await screen.findByTestId("toast")).textContent).toContain("The title is too long.");
    expect(row("new").getByText("A new one")).toBeTruthy();
  });
});

describe("the menu of a conversation", () => {
  it("pins", async () => {
    const server = await open();
    await choose("old", "menu-pin");
    await waitFor(() => expect(server.get("old")?.pinned).toBe(true));
    await waitFor(() => expect(titles()).toEqual(["A pinned one", "An old one", "A new one"]));
    expect(screen.getAllByTestId("conversation-item")[1]?.dataset.pinned).toBe("true");
  });

  it("is walked through with arrow keys, and the list stays where it is", async () => {
    await open();
    act(() => row("pin").getByTestId("conversation-menu").focus());
    await userEvent.keyboard("{Enter}");
    await screen.findByTestId("menu-rename");
    await userEvent.keyboard("{ArrowDown}");
    await waitFor(() => expect(document.activeElement?.textContent).toBe("Rename"));
    await userEvent.keyboard("{End}");
    await waitFor(() => expect(document.activeElement?.textContent).toBe("Delete"));
    await userEvent.keyboard("{Escape}");
    expect(document.activeElement).toBe(row("pin").getByTestId("conversation-menu"));
  });

  it("archives, shows what is archived, and takes it back", async () => {
    await open();
    await choose("old", "menu-archive");
    await waitFor(() => expect(titles()).toEqual(["A pinned one", "A new one"]));
    await userEvent.click(screen.getByTestId("sidebar-menu"));
    await userEvent.click(await screen.findByTestId("show-archived"));
    await waitFor(() => expect(titles()).toEqual(["An old one"]));
    await choose("old", "menu-archive");
    expect(await screen.findByText(/Nothing is archived/)).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByTestId("hide-archived"));
    await userEvent.keyboard("{Enter}");
    expect(document.activeElement).toBe(screen.getByTestId("sidebar-menu"));
    await waitFor(() => expect(titles()).toContain("An old one"));
  });

  it("leaves the archive for a new chat, which will not stand in it", async () => {
    await open();
    await userEvent.click(screen.getByTestId("sidebar-menu"));
    await userEvent.click(await screen.findByTestId("show-archived"));
    await screen.findByText(/Nothing is archived/);
    await userEvent.keyboard("{Control>}{Shift>}o{/Shift}{/Control}");
    expect(screen.queryByTestId("hide-archived")).toBeNull();
    await waitFor(() => expect(titles()).toContain("An old one"));
  });

  it("deletes at once, leaves the page of what is gone, and takes both back", async () => {
    const server = await open(undefined, "/c/new");
    await choose("new", "menu-delete");
    expect(titles()).toEqual(["A pinned one", "An old one"]);
    expect(path()).toBe("/");
    await waitFor(() => expect(server.get("new")).toBeUndefined());
    await userEvent.click(await screen.findByTestId("undo"));
    await waitFor(() => expect(titles()).toContain("A new one"));
    expect(path()).toBe("/c/new");
    expect(screen.queryByTestId("undo")).toBeNull();
  });

  it("takes back with a key what a notice offers to, and leaves texts alone", async () => {
    const server = await open();
    await choose("new", "menu-delete");
    await screen.findByTestId("undo");
    act(() => screen.getByLabelText("Message").focus());
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(server.get("new")).toBeUndefined();
    act(() => row("old").getByRole("link").focus());
    await userEvent.keyboard("{Control>}z{/Control}");
    await waitFor(() => expect(titles()).toContain("A new one"));
    expect(screen.queryByTestId("undo")).toBeNull();
    expect(server.get("new")).toBeTruthy();
  });

  it("gives the focus back when a notice goes that was pressed", async () => {
    await open();
    await choose("new", "menu-delete");
    const undo = await screen.findByTestId("undo");
    act(() => screen.getByLabelText("Message").focus());
    act(() => undo.focus());
    await userEvent.keyboard("{Enter}");
    expect(document.activeElement).toBe(screen.getByLabelText("Message"));
  });

  it("takes back the last one too, whose list is gone by then", async () => {
    const server = await open(new FakeServer([NEW]), "/c/new");
    await choose("new", "menu-delete");
    await screen.findByText(/will be kept here/);
    await userEvent.click(await screen.findByTestId("undo"));
    await waitFor(() => expect(titles()).toEqual(["A new one"]));
    expect(path()).toBe("/c/new");
    expect(server.get("new")).toBeTruthy();
  });

  it("puts a conversation back that could not be deleted", async () => {
    const server = await open();
    server.refuse("DELETE", "it is being written to");
    await choose("old", "menu-delete");
    expect((await screen.findByTestId("toast")).textContent).toContain("It is being written to.");
    expect(titles()).toContain("An old one");
  });

  it("moves the focus to the next row when a row goes", async () => {
    await open();
    await choose("new", "menu-delete");
    await waitFor(() => expect(document.activeElement?.textContent).toBe("An old one"));
  });

  it("offers downloads", async () => {
    await open();
    await userEvent.click(row("new").getByTestId("conversation-menu"));
    const markdown = await screen.findByTestId("menu-export-markdown");
    expect(markdown.getAttribute("href")).toBe("/api/conversations/new/export?format=markdown");
  });

  it("shares with a link, and stops sharing", async () => {
    const server = await open();
    await choose("new", "menu-share");
    await userEvent.click(await screen.findByTestId("share-create"));
    const link = await screen.findByTestId<HTMLInputElement>("share-link");
    expect(document.activeElement).toBe(screen.getByTestId("share-copy"));
    expect(link.value).toBe(`${location.origin}/s/token`);
    expect(server.get("new")?.share).toBe("token");
    await userEvent.click(screen.getByTestId("share-stop"));
    expect(document.activeElement).toBe(await screen.findByTestId("share-create"));
    expect(server.get("new")?.share).toBeNull();
    await userEvent.keyboard("{Escape}");
    await waitFor(() =>
      expect(document.activeElement).toBe(row("new").getByTestId("conversation-menu")),
    );
  });
});

describe("the search", () => {
  it("finds, leads to the message, and gives the list back", async () => {
    await open();
    await userEvent.type(screen.getByTestId("search-input"), "old");
    const result = await screen.findByTestId("search-result");
    expect(result.getAttribute("href")).toBe("/c/old#msg_1");
    expect(within(result).getByText("old", { selector: "mark" })).toBeTruthy();
    expect(screen.queryByTestId("conversation-list")).toBeNull();
    await userEvent.keyboard("{ArrowDown}");
    expect(document.activeElement).toBe(result);
    expect(result.getAttribute("aria-current")).toBeNull();
    await userEvent.keyboard("{Enter}");
    expect(path()).toBe("/c/old");
    expect(result.getAttribute("aria-current")).toBe("page");
    await userEvent.keyboard("{Escape}");
    expect(document.activeElement).toBe(screen.getByTestId("search-input"));
    expect(screen.queryByTestId("conversation-list")).toBeNull();
    await userEvent.keyboard("{Escape}");
    expect(screen.getByTestId("conversation-list")).toBeTruthy();
  });

  it("leads back with Escape to where the person was", async () => {
    await open();
    act(() => screen.getByLabelText("Message").focus());
    await userEvent.keyboard("{Control>}k{/Control}");
    expect(document.activeElement).toBe(screen.getByTestId("search-input"));
    await userEvent.keyboard("{Escape}");
    expect(document.activeElement).toBe(screen.getByLabelText("Message"));
  });

  it("asks once for a word that was typed, not for every letter", async () => {
    const server = await open();
    await userEvent.type(screen.getByTestId("search-input"), "new", { delay: 20 });
    await screen.findByTestId("search-result");
    const searches = server.requests.filter((request) => request.endsWith("/search"));
    expect(searches.length).toBeLessThan(3);
  });

  it("says that nothing was found", async () => {
    await open();
    await userEvent.type(screen.getByTestId("search-input"), "nowhere");
    expect(await screen.findByText("Nothing was found for “nowhere”.")).toBeTruthy();
  });
});

describe("importing", () => {
  const take = async (text: string) => {
    await userEvent.click(screen.getByTestId("sidebar-menu"));
    await screen.findByTestId("import");
    const file = new File([text], "chats.json", { type: "application/json" });
    await userEvent.upload(screen.getByLabelText("A file of exported conversations"), file);
  };

  it("adds what is in the file", async () => {
    await open();
    const text = JSON.stringify({
      format: "headwater",
      conversations: [{ title: "From elsewhere" }],
    });
    await take(text);
    await screen.findByText("One conversation was imported.");
    await waitFor(() => expect(titles()).toContain("From elsewhere"));
    expect(path()).toBe("/");
    // There is nothing to undo.
    act(() => row("old").getByRole("link").focus());
    await userEvent.keyboard("{Control>}z{/Control}");
    expect(path()).toBe("/");
    await userEvent.click(screen.getByTestId("open"));
    expect(path()).toBe("/c/imported_0");
  });

  it("says that it goes on until it is done", async () => {
    const server = new FakeServer([OLD]);
    const { fetch } = server;
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const slow: typeof fetch = async (path, init) => {
      if (path.endsWith("/import")) await held;
      return fetch(path, init);
    };
    await open(Object.assign(server, { fetch: slow }));
    await take(
      JSON.stringify({ format: "headwater", conversations: [{ title: "A" }, { title: "B" }] }),
    );
    await screen.findByText("Importing “chats.json” (1 kB)…");
    letGo();
    await screen.findByText("2 conversations were imported.");
    expect(screen.queryByText(/^Importing/)).toBeNull();
    expect(screen.queryByTestId("open")).toBeNull();
  });

  it("says what is wrong with a file that is none", async () => {
    await open();
    await take("{}");
    await screen.findByText(/“chats.json” was not imported./);
  });
});

describe("the bar", () => {
  it("is folded away, which the browser remembers, and has one way to a new chat", async () => {
    await open();
    await userEvent.click(screen.getByTestId("sidebar-toggle"));
    expect(screen.queryByTestId("sidebar")).toBeNull();
    expect(screen.getAllByTestId("new-chat")).toHaveLength(1);
    expect(document.activeElement).toBe(screen.getByTestId("sidebar-toggle"));
    cleanup();
    renderSidebar(new FakeServer([NEW]));
    expect(screen.queryByTestId("sidebar")).toBeNull();
    await userEvent.keyboard("{Control>}k{/Control}");
    expect(document.activeElement).toBe(await screen.findByTestId("search-input"));
  });

  it("closes what stands over the page when the browser goes back", async () => {
    await open(undefined, "/c/old");
    await userEvent.click(row("new").getByRole("link"));
    await userEvent.keyboard("?");
    await screen.findByTestId("shortcuts");
    act(() => history.back());
    await waitFor(() => expect(path()).toBe("/c/old"));
    expect(screen.queryByTestId("shortcuts")).toBeNull();
  });

  it("is a drawer on a narrow screen, which closes behind who goes on", async () => {
    stubScreen({ isWide: false });
    renderSidebar(new FakeServer([NEW]));
    expect(screen.queryByTestId("sidebar")).toBeNull();
    await userEvent.click(screen.getByTestId("sidebar-toggle"));
    await screen.findAllByTestId("conversation-item");
    expect(screen.getAllByTestId("new-chat")).toHaveLength(1);
    await userEvent.click(row("new").getByRole("link"));
    await waitFor(() => expect(screen.queryByTestId("sidebar")).toBeNull());
    expect(path()).toBe("/c/new");
  });

  it("stays open when Escape is meant for a field in it", async () => {
    stubScreen({ isWide: false });
    renderSidebar(new FakeServer([NEW]));
    await userEvent.click(screen.getByTestId("sidebar-toggle"));
    await screen.findAllByTestId("conversation-item");
    act(() => row("new").getByRole("link").focus());
    await userEvent.keyboard("{F2}");
    await userEvent.type(await screen.findByTestId("rename-input"), "Dropped{Escape}");
    expect(row("new").getByText("A new one")).toBeTruthy();
    const search = screen.getByTestId<HTMLInputElement>("search-input");
    await userEvent.type(search, "river{Escape}");
    expect(search.value).toBe("");
    act(() => screen.getByTestId("sidebar-toggle").focus());
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByTestId("sidebar")).toBeNull());
  });

  it("is steered by keys from anywhere", async () => {
    await open();
    await userEvent.keyboard("{Alt>}{ArrowDown}{/Alt}");
    expect(path()).toBe("/c/pin");
    await userEvent.keyboard("{Alt>}{ArrowDown}{/Alt}");
    expect(path()).toBe("/c/new");
    await userEvent.keyboard("{Alt>}{ArrowUp}{/Alt}");
    expect(path()).toBe("/c/pin");
    await userEvent.keyboard("{Control>}{Shift>}o{/Shift}{/Control}");
    expect(path()).toBe("/");
    await userEvent.keyboard("?");
    expect((await screen.findByTestId("shortcuts")).textContent).toContain("New chat");
  });
});
