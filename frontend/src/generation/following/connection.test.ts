import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { steadyNetwork } from "../testing/steady-network";
import { Connection } from "./connection";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("Connection", () => {
  it("is cut after 25 silent seconds, and by no heartbeat", () => {
    const connection = new Connection(new AbortController().signal, steadyNetwork());
    vi.advanceTimersByTime(24_000);
    connection.heard();
    vi.advanceTimersByTime(24_000);
    expect(connection.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(connection.signal.aborted).toBe(true);
  });

  it("is cut when the network is lost", () => {
    let lose = () => {};
    const network = {
      ...steadyNetwork(),
      onLost: (listener: () => void) => {
        lose = listener;
        return () => undefined;
      },
    };
    const connection = new Connection(new AbortController().signal, network);
    lose();
    expect(connection.signal.aborted).toBe(true);
  });

  it("is cut when somebody comes back to the page after more than a heartbeat without one", () => {
    let comeBack = () => {};
    const network = {
      ...steadyNetwork(),
      onReturn: (listener: () => void) => {
        comeBack = listener;
        return () => undefined;
      },
    };
    const connection = new Connection(new AbortController().signal, network);
    vi.advanceTimersByTime(11_000);
    comeBack();
    expect(connection.signal.aborted).toBe(false);
    vi.advanceTimersByTime(2_000);
    comeBack();
    expect(connection.signal.aborted).toBe(true);
  });

  it("leaves no timer behind", () => {
    new Connection(new AbortController().signal, steadyNetwork()).close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
