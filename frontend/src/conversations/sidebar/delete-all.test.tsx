// @vitest-environment jsdom
import { cleanup, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { conversation, FakeServer } from "../testing/fake-server";
import { renderSidebar, stubScreen, titles } from "../testing/render-sidebar";

beforeEach(() => {
  localStorage.clear();
  stubScreen({ isWide: true });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function openConfirmation(server: FakeServer) {
  renderSidebar(server, "/c/one");
  await screen.findAllByTestId("conversation-item");
  await userEvent.click(screen.getByTestId("sidebar-menu"));
  await userEvent.click(await screen.findByTestId("menu-preferences"));
  await userEvent.click(await screen.findByTestId("delete-all"));
  return screen.getByTestId<HTMLButtonElement>("delete-all-confirm");
}

it("deletes all conversations once the word was typed", async () => {
  const server = new FakeServer([conversation("one"), conversation("two", { archived: true })]);
  const confirm = await openConfirmation(server);
  expect(document.activeElement).toBe(screen.getByTestId("delete-all-word"));
  await userEvent.keyboard("delet{Enter}");
  expect(confirm.disabled).toBe(true);
  expect(server.requests).not.toContain("DELETE /api/conversations");
  await userEvent.keyboard("e{Enter}");
  await waitFor(() => expect(screen.queryByTestId("preferences")).toBeNull());
  await waitFor(() => expect(titles()).toEqual([]));
  expect(screen.getByTestId("path").textContent).toBe("/");
  expect(server.requests.filter((each) => each.startsWith("DELETE"))).toEqual([
    "DELETE /api/conversations",
  ]);
});

it("leads away from what is deleted, also when the preferences are closed meanwhile", async () => {
  const server = new FakeServer([conversation("one")]);
  await openConfirmation(server);
  let answer = () => {};
  server.delayNext("DELETE", new Promise((resolve) => (answer = resolve)));
  await userEvent.keyboard("delete{Enter}{Escape}");
  await waitFor(() => expect(screen.queryByTestId("preferences")).toBeNull());
  expect(screen.getByTestId("path").textContent).toBe("/c/one");
  answer();
  await waitFor(() => expect(screen.getByTestId("path").textContent).toBe("/"));
});

it("says when the server refuses, and deletes nothing when it is cancelled", async () => {
  const server = new FakeServer([conversation("one")]);
  const confirm = await openConfirmation(server);
  server.refuse("DELETE", "not today");
  await userEvent.type(screen.getByTestId("delete-all-word"), " Delete ");
  await userEvent.click(confirm);
  await screen.findByText(/^Your conversations could not be deleted\./);
  expect(screen.getByTestId("path").textContent).toBe("/c/one");
  await userEvent.click(screen.getByTestId("delete-all-cancel"));
  expect(screen.queryByTestId("delete-all-word")).toBeNull();
  expect(server.get("one")).toBeDefined();
});
