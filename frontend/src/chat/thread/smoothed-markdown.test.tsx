// @vitest-environment jsdom
import { act, cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { prefer } from "../../preferences/preferences";
import SmoothedMarkdown from "./smoothed-markdown";

const BURST = "Word after word, all of them at once. ".repeat(20);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "requestAnimationFrame", "cancelAnimationFrame"] });
});

afterEach(() => {
  cleanup();
  prefer({ isTextEven: false });
  vi.useRealTimers();
});

function motion(isReduced: boolean) {
  vi.stubGlobal("matchMedia", () => ({
    matches: isReduced,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
}

/** The number of characters shown in each frame after a burst, and after the end 100 ms later. */
function shownInFrames(): readonly number[] {
  const { container, rerender } = render(<SmoothedMarkdown text="" end="open" />);
  const frame = () => {
    act(() => vi.advanceTimersToNextFrame());
    return container.textContent?.trim().length ?? 0;
  };
  rerender(<SmoothedMarkdown text={BURST} end="open" />);
  const before = Array.from({ length: 6 }, frame);
  rerender(<SmoothedMarkdown text={BURST} end="complete" />);
  return [...before, ...Array.from({ length: 10 }, frame)];
}

const ALL = BURST.trim().length;

it("shows a burst at once, as it came", () => {
  motion(false);
  expect(shownInFrames()[0]).toBe(ALL);
});

it("evens a burst out, if somebody prefers that, and is whole soon after the end", () => {
  motion(false);
  prefer({ isTextEven: true });
  const shown = shownInFrames();
  expect(shown[0]).toBeLessThan(ALL / 3);
  expect(shown[5]).toBeGreaterThan(shown[0] ?? 0);
  expect(shown[5]).toBeLessThan(ALL);
  expect(shown.at(-1)).toBe(ALL);
});

it("moves nothing by itself where motion is to be reduced", () => {
  motion(true);
  prefer({ isTextEven: true });
  expect(shownInFrames()[0]).toBe(ALL);
});
