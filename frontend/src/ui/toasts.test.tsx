// @vitest-environment jsdom
import { cleanup, configure, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

// Lazy modules can take long to load on a busy machine.
configure({ asyncUtilTimeout: 10_000 });

beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  cleanup();
  vi.doUnmock("./toast-card");
});

/** As in a browser that does not load a module again until the page is reloaded. */
const NEVER = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));

async function renderToasts() {
  const { Toasts } = await import("./toasts");
  const missing = await import("../missing-modules");
  render(<Toasts>the page</Toasts>);
  return missing;
}

it("say that a module is missing for as long as it is, with a button that reloads", async () => {
  const { untilLoaded } = await renderToasts();
  let load: () => Promise<unknown> = NEVER;
  void untilLoaded(() => load());
  const toast = await screen.findByTestId("toast");
  expect(toast.textContent).toContain("could not be loaded");
  expect(screen.getByRole("button", { name: "Reload" })).toBeTruthy();
  load = async () => "module";
  await waitFor(() => expect(screen.queryByTestId("toast")).toBeNull());
});

it("say so plainly if it is their own", async () => {
  vi.doMock("./toast-card", NEVER);
  await renderToasts();
  expect((await screen.findByRole("alert")).textContent).toContain("could not be loaded");
  expect(screen.getByRole("button", { name: "Reload the page" })).toBeTruthy();
});
