// @vitest-environment jsdom
import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeEventSource } from "../testing/fake-event-source";
import { conversation, FakeServer } from "../testing/fake-server";
import { renderSidebar, stubScreen, titles } from "../testing/render-sidebar";

const CONVERSATIONS = ["one", "two", "three"].map((name, index) =>
  conversation(name, { title: name, updated_at: `2024-02-0${9 - index}T10:00:00.000Z` }),
);

async function open() {
  const server = new FakeServer([...CONVERSATIONS, conversation("pin", { pinned: true })]);
  renderSidebar(server);
  await screen.findAllByTestId("conversation-item");
  return server;
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => act(async () => open()) };
}

async function choose(title: string, item: string) {
  const row = screen.getAllByTestId("conversation-item").find((each) => each.textContent === title);
  await userEvent.click(within(row as HTMLElement).getByTestId("conversation-menu"));
  await userEvent.click(await screen.findByTestId(item));
}

async function rename(title: string, other: string) {
  await choose(title, "menu-rename");
  await userEvent.clear(await screen.findByTestId("rename-input"));
  await userEvent.keyboard(`${other}{Enter}`);
}

const emit = (event: "ready" | "change", ...conversations: string[]) =>
  act(() => FakeEventSource.latest.say(event, { conversations }));

beforeEach(() => {
  FakeEventSource.opened = [];
  localStorage.clear();
  stubScreen({ isWide: true });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const PIN = "Title of pin";

describe("what is under way", () => {
  it.each([
    ["PATCH", "menu-pin", [PIN, "two", "changed", "three"]],
    ["PATCH", "menu-archive", [PIN, "changed", "three"]],
    ["DELETE", "menu-delete", [PIN, "changed", "three"]],
  ])("stays as it is (%s, %s) while answers from before it come", async (method, item, after) => {
    const server = await open();
    const slow = gate();
    server.delayNext(method, slow.opened);
    await choose("two", item);
    for (const [event, title] of [
      ["change", "once"],
      ["ready", "changed"],
    ] as const) {
      server.set("one", { title });
      emit(event, "one", "two");
      await screen.findByText(title);
    }
    expect(titles()).toEqual(after);
    await slow.open();
    await waitFor(() => expect(server.get("two")).not.toEqual(CONVERSATIONS[1]));
    await waitFor(() => expect(titles()).toEqual(after));
  });

  it("is not undone by an answer from before it that comes after it was answered", async () => {
    const server = await open();
    const slow = gate();
    server.holdNext(slow.opened);
    emit("change", "one");
    await rename("two", "Other");
    await waitFor(() => expect(server.get("two")?.title).toBe("Other"));
    server.set("one", { title: "changed" });
    await slow.open();
    await screen.findByText("changed");
    expect(titles()).toEqual([PIN, "changed", "Other", "three"]);
  });

  it("does not keep a list from being read again", async () => {
    const server = await open();
    const slow = gate();
    server.set("pin", { title: "changed" });
    server.holdNext(slow.opened);
    emit("ready");
    await rename("two", "Other");
    await slow.open();
    await screen.findByText("changed");
    expect(titles()).toEqual(["changed", "one", "Other", "three"]);
  });
});
