// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { FakeServer } from "../testing/fake-server";
import { renderSidebar, stubScreen } from "../testing/render-sidebar";

afterEach(() => {
  cleanup();
  vi.resetModules();
});

it("acts on a key that was pressed before it had loaded", async () => {
  stubScreen({ isWide: true });
  renderSidebar(new FakeServer([]));
  fireEvent.keyDown(window, { key: "k", ctrlKey: true });
  expect(screen.queryByTestId("search-input")).toBeNull();
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("search-input")));
});
