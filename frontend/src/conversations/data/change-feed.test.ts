// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeEventSource } from "../testing/fake-event-source";
import { followChanges } from "./change-feed";

const connections = { areFew: false };
vi.mock("../../generation/connections", () => ({ hasFewConnections: () => connections.areFew }));

let visibility: DocumentVisibilityState = "visible";
let stop = () => {};

function follow() {
  const listener = { onReady: vi.fn(), onChange: vi.fn() };
  stop = followChanges(listener);
  return listener;
}

function look(state: DocumentVisibilityState) {
  visibility = state;
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeEventSource);
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
  visibility = "visible";
  FakeEventSource.opened = [];
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A WebSocket that the test controls. */
class FakeSocket extends EventTarget {
  static opened: FakeSocket[] = [];
  readonly sent: string[] = [];
  isClosed = false;

  readonly url: URL;

  constructor(url: URL) {
    super();
    this.url = url;
    FakeSocket.opened.push(this);
  }

  static get latest(): FakeSocket {
    const latest = FakeSocket.opened.at(-1);
    if (latest === undefined) throw new Error("no WebSocket was opened");
    return latest;
  }

  send(message: string) {
    this.sent.push(message);
  }

  close() {
    this.isClosed = true;
  }

  say(frame: object) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
}

describe("followChanges where connections are few", () => {
  beforeEach(() => {
    FakeSocket.opened = [];
    vi.stubGlobal("WebSocket", FakeSocket);
    connections.areFew = true;
  });
  afterEach(() => {
    connections.areFew = false;
  });

  it("passes on what a WebSocket says, and opens another when it is lost", () => {
    const { onReady, onChange } = follow();
    expect(FakeSocket.latest.url.pathname).toBe("/api/ws");
    FakeSocket.latest.dispatchEvent(new Event("open"));
    expect(FakeSocket.latest.sent.map((sent) => JSON.parse(sent))).toEqual([{ action: "changes" }]);
    FakeSocket.latest.say({ event: "ready" });
    FakeSocket.latest.say({ event: "heartbeat" });
    FakeSocket.latest.say({ event: "change", conversations: ["conv_1"] });
    expect(onReady).toHaveBeenCalledOnce();
    expect(onChange.mock.calls).toEqual([[["conv_1"]]]);
    for (const count of [2, 3]) {
      FakeSocket.latest.dispatchEvent(new Event("close"));
      vi.advanceTimersByTime(2_000);
      expect(FakeSocket.opened).toHaveLength(count);
    }
    expect(FakeEventSource.opened).toEqual([]);
  });

  it.each([
    ["is refused", () => FakeSocket.latest.dispatchEvent(new Event("close"))],
    ["is not answered", () => vi.advanceTimersByTime(6_000)],
    ["leads to an older server", () => FakeSocket.latest.say({ event: "problem" })],
  ])(
    "reads everything again and again where the WebSocket %s, until somebody looks",
    (_, block) => {
      const { onReady } = follow();
      block();
      expect(FakeSocket.latest.isClosed).toBe(true);
      vi.advanceTimersByTime(2_000);
      expect(onReady).toHaveBeenCalledOnce();
      vi.advanceTimersByTime(20_000);
      expect(onReady).toHaveBeenCalledTimes(3);
      expect(FakeSocket.opened).toHaveLength(1);
      look("hidden");
      vi.advanceTimersByTime(20_000);
      expect(onReady).toHaveBeenCalledTimes(3);
      look("visible");
      expect(FakeSocket.opened).toHaveLength(2);
    },
  );

  it("opens another when the WebSocket is silent", () => {
    follow();
    FakeSocket.latest.say({ event: "ready" });
    for (let heartbeat = 1; heartbeat <= 5; heartbeat += 1) {
      vi.advanceTimersByTime(20_000);
      FakeSocket.latest.say({ event: "heartbeat" });
    }
    expect(FakeSocket.opened).toHaveLength(1);
    vi.advanceTimersByTime(30_000);
    expect(FakeSocket.opened).toHaveLength(2);
  });

  it("is silent once it was stopped", () => {
    const { onReady } = follow();
    stop();
    FakeSocket.latest.say({ event: "ready" });
    expect(FakeSocket.latest.isClosed).toBe(true);
    expect(onReady).not.toHaveBeenCalled();
  });
});

describe("followChanges", () => {
  it("passes on what is said", () => {
    const { onReady, onChange } = follow();
    expect(FakeEventSource.latest.url).toBe("/api/conversations/events");
    FakeEventSource.latest.say("ready", {});
    FakeEventSource.latest.say("change", { conversations: ["conv_1", "conv_2"] });
    expect(onReady).toHaveBeenCalledOnce();
    expect(onChange.mock.calls).toEqual([[["conv_1", "conv_2"]]]);
  });

  it("opens again when it was refused, later and later, and soon again once it was ready", () => {
    follow();
    const pauses = Array.from({ length: 4 }, () => {
      const before = FakeEventSource.opened.length;
      FakeEventSource.latest.refuse();
      const from = Date.now();
      while (FakeEventSource.opened.length === before) vi.advanceTimersByTime(25);
      return Date.now() - from;
    });
    expect(pauses[3]).toBeGreaterThan((pauses[0] ?? 0) * 3);
    FakeEventSource.latest.say("ready", {});
    FakeEventSource.latest.refuse();
    vi.advanceTimersByTime(300);
    expect(FakeEventSource.opened).toHaveLength(6);
  });

  it("leaves it to the browser to come back after a cut", () => {
    follow();
    FakeEventSource.latest.dispatchEvent(new Event("error"));
    vi.advanceTimersByTime(60_000);
    expect(FakeEventSource.opened).toHaveLength(1);
  });

  it("holds no connection while nobody looks", () => {
    follow();
    look("hidden");
    expect(FakeEventSource.latest.readyState).toBe(FakeEventSource.CLOSED);
    vi.advanceTimersByTime(60_000);
    expect(FakeEventSource.opened).toHaveLength(1);
    look("visible");
    expect(FakeEventSource.opened).toHaveLength(2);
    expect(FakeEventSource.latest.readyState).toBe(0);
  });

  it("does not wait when the network is back", () => {
    follow();
    FakeEventSource.latest.refuse();
    window.dispatchEvent(new Event("online"));
    expect(FakeEventSource.opened).toHaveLength(2);
    vi.advanceTimersByTime(60_000);
    expect(FakeEventSource.opened).toHaveLength(2);
  });

  it("is silent once it was stopped", () => {
    const { onChange } = follow();
    const source = FakeEventSource.latest;
    stop();
    expect(source.readyState).toBe(FakeEventSource.CLOSED);
    look("visible");
    expect(FakeEventSource.opened).toHaveLength(1);
    expect(onChange).not.toHaveBeenCalled();
  });
});
