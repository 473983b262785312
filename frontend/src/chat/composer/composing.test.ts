import { afterEach, expect, it, vi } from "vitest";
import { isSending } from "./composing";

afterEach(() => {
  vi.unstubAllGlobals();
});

function press(event: Record<string, unknown> = {}) {
  return { key: "Enter", nativeEvent: { isComposing: false }, ...event } as unknown as Parameters<
    typeof isSending
  >[0];
}

it("sends with Enter, and makes a new line with Shift", () => {
  expect(isSending(press())).toBe(true);
  expect(isSending(press({ shiftKey: true }))).toBe(false);
  expect(isSending(press({ key: "a" }))).toBe(false);
  expect(isSending(press({ nativeEvent: { isComposing: true } }))).toBe(false);
});

it("makes a new line with Enter where the screen is touched, and sends with Ctrl", () => {
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: query === "(pointer: coarse)" }));
  expect(isSending(press())).toBe(false);
  expect(isSending(press({ ctrlKey: true }))).toBe(true);
});
