import { afterEach, beforeEach, expect, it, vi } from "vitest";

const FRAME_MS = 16;

/** A simulated browser, which draws nothing during a task. */
class Browser {
  #now = 1_000_000;
  #frames = new Map<number, () => void>();
  #timers = new Map<number, { at: number; callback: () => void }>();
  #ids = 0;

  readonly now = () => this.#now;
  readonly requestAnimationFrame = (callback: () => void) => {
    this.#frames.set(++this.#ids, callback);
    return this.#ids;
  };
  readonly cancelAnimationFrame = (id: number) => this.#frames.delete(id);
  readonly setTimeout = (callback: () => void, ms = 0) => {
    this.#timers.set(++this.#ids, { at: this.#now + ms, callback });
    return this.#ids;
  };
  readonly clearTimeout = (id: number) => this.#timers.delete(id);

  /** Lets the current task take this long. */
  work(ms: number): void {
    this.#now += ms;
  }

  /** Runs everything up to the next frame. */
  frame(): void {
    this.passTime(FRAME_MS - (this.#now % FRAME_MS));
    const frames = [...this.#frames.values()];
    this.#frames.clear();
    for (const callback of frames) callback();
    this.passTime(0);
  }

  /** The number of pending timers. */
  get timers(): number {
    return this.#timers.size;
  }

  passTime(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].sort(([, one], [, other]) => one.at - other.at);
      if (next === undefined || next[1].at > end) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].callback();
    }
    this.#now = Math.max(this.#now, end);
  }
}

let browser: Browser;
let onNextFrame: typeof import("./drawing-frame").onNextFrame;

beforeEach(async () => {
  vi.resetModules();
  ({ onNextFrame } = await import("./drawing-frame"));
  browser = new Browser();
  vi.stubGlobal("performance", { now: browser.now });
  for (const name of [
    "requestAnimationFrame",
    "cancelAnimationFrame",
    "setTimeout",
    "clearTimeout",
  ] as const) {
    vi.stubGlobal(name, browser[name]);
  }
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Draws whenever it may, with this cost; returns in which of 12 frames it did. */
function framesDrawn(costsMs: (frame: number) => number): readonly number[] {
  const drawn: number[] = [];
  let frame = 0;
  let takeBack = onNextFrame(draw);
  function draw() {
    drawn.push(frame);
    browser.work(costsMs(frame));
    takeBack = onNextFrame(draw);
  }
  for (; frame < 12; frame += 1) browser.frame();
  takeBack();
  return drawn;
}

const ALL = Array.from({ length: 12 }, (_, frame) => frame);

it("draws in every frame where that is cheap", () => {
  expect(framesDrawn(() => 5)).toEqual(ALL);
});

it("leaves half of the time to everything else where drawing is dear", () => {
  expect(framesDrawn(() => 12)).toEqual([0, 1, 3, 5, 7, 9, 11]);
});

it("does not wait where something else came between once", () => {
  expect(framesDrawn((frame) => (frame === 4 ? 10 : 5))).toEqual(ALL);
});

it("measures cheap drawing only now and then", () => {
  const frames = 30;
  let measured = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    onNextFrame(() => {
      browser.work(2);
      measured += browser.timers;
    });
    browser.frame();
  }
  // With frames every 16 ms, the seventh is the first after 100 ms.
  expect(measured).toBe(Math.ceil(frames / 7));
});

it("draws within a quarter of a second where there are no frames", () => {
  const draw = vi.fn();
  onNextFrame(draw);
  browser.passTime(249);
  expect(draw).not.toHaveBeenCalled();
  browser.passTime(1);
  browser.frame();
  expect(draw).toHaveBeenCalledOnce();
});

it("can be taken back", () => {
  const draw = vi.fn();
  onNextFrame(draw)();
  browser.frame();
  browser.passTime(1_000);
  expect(draw).not.toHaveBeenCalled();
});
