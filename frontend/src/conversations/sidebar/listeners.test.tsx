// @vitest-environment jsdom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { FakeServer } from "../testing/fake-server";
import { renderSidebar, stubScreen } from "../testing/render-sidebar";

it("acts on a key that was pressed before it had loaded", async () => {
  stubScreen({ isWide: true });
  renderSidebar(new FakeServer([]));
  fireEvent.keyDown(window, { key: "k", ctrlKey: true });
  expect(screen.queryByTestId("search-input")).toBeNull();
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("search-input")));
});
