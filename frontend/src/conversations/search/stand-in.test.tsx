// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeServer } from "../testing/fake-server";

describe.each([true, false])(
  "a search before its box has loaded, on a wide screen: %s",
  (isWide) => {
    beforeEach(async () => {
      vi.resetModules();
      const { renderSidebar, stubScreen } = await import("../testing/render-sidebar");
      stubScreen({ isWide });
      renderSidebar(new FakeServer([]));
      screen.getByLabelText("Message").focus();
      expect(fireEvent.keyDown(window, { key: "k", ctrlKey: true })).toBe(false);
      expect(screen.queryByTestId("search-input")).toBeNull();
    });

    afterEach(async () => {
      cleanup();
      // A drawer that is removed returns the focus in a later task.
      await new Promise((resolve) => setTimeout(resolve));
    });

    it("gets what is typed meanwhile, and returns the focus to where it was", async () => {
      await userEvent.keyboard("riv");
      const box = await screen.findByTestId<HTMLInputElement>("search-input");
      await waitFor(() => expect(document.activeElement).toBe(box));
      await userEvent.keyboard("ers");
      expect(box.value).toBe("rivers");
      expect(screen.getByLabelText<HTMLTextAreaElement>("Message").value).toBe("");
      await userEvent.keyboard("{Escape}");
      expect(box.value).toBe("");
      expect(document.querySelectorAll("body > input")).toHaveLength(0);
      if (!isWide) return;
      await userEvent.keyboard("{Escape}");
      expect(document.activeElement).toBe(screen.getByLabelText("Message"));
    });

    it("is given up when the focus goes elsewhere", async () => {
      screen.getByLabelText("Message").focus();
      await screen.findByTestId("search-input");
      expect(document.activeElement).not.toBe(screen.getByTestId("search-input"));
      expect(document.querySelectorAll("body > input")).toHaveLength(0);
    });

    it("has one stand-in, however often the key is pressed", async () => {
      fireEvent.keyDown(window, { key: "k", ctrlKey: true });
      expect(document.querySelectorAll("body > input")).toHaveLength(1);
      await userEvent.keyboard("riv");
      const box = await screen.findByTestId<HTMLInputElement>("search-input");
      await waitFor(() => expect(box.value).toBe("riv"));
    });
  },
);
