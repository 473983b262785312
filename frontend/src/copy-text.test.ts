// @vitest-environment jsdom
import { afterEach, expect, it, vi } from "vitest";
import { copyText } from "./copy-text";

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

/** A browser without `navigator.clipboard` that copies the selection. */
function browserThatCopies(mayCopy: boolean) {
  vi.stubGlobal("navigator", {});
  const copied: string[] = [];
  document.execCommand = () => {
    const { activeElement } = document;
    if (activeElement instanceof HTMLTextAreaElement) copied.push(activeElement.value);
    return mayCopy;
  };
  return copied;
}

it("copies where there is no clipboard, and leaves the focus where it was", async () => {
  const copied = browserThatCopies(true);
  const button = document.body.appendChild(document.createElement("button"));
  button.focus();
  await copyText("two\nlines");
  expect(copied).toEqual(["two\nlines"]);
  expect(document.activeElement).toBe(button);
  expect(document.querySelector("textarea")).toBeNull();
});

it("says when the browser does not let it", async () => {
  browserThatCopies(false);
  await expect(copyText("text")).rejects.toThrow("may not copy");
  expect(document.querySelector("textarea")).toBeNull();
});
