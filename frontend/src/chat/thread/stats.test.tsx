// @vitest-environment jsdom

import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { NO_TIMING } from "../../generation/events";
import { fold, type Reply, resumedReply } from "../../generation/fold";
import { textPart } from "../../generation/parts";
import { ThreadContext } from "../state/thread-context";
import { Stats } from "./stats";

const START = { generation: "g", conversation: "c", message: "m", parent: "p", model: "a/model" };

/** What stands below a reply at a moment, in milliseconds since it was found. */
function figuresAt(now: number, reply: Reply): string | null {
  vi.spyOn(performance, "now").mockReturnValue(now);
  render(<Stats source={{ subscribe: () => () => undefined, getSnapshot: () => reply }} />);
  return screen.getByTestId("figures").textContent;
}

afterEach(cleanup);

describe("Figures", () => {
  const found = resumedReply({ start: START, parts: [textPart("Some")], cursor: 1 }, 0);

  it("says for how long the model has been silent", () => {
    expect(figuresAt(5_100, found)).toContain("waiting for the model, 5 s");
  });

  it("keeps what the person waited for the first token, also of a reply that is read anew", () => {
    const timing = { ...NO_TIMING, firstTokenMs: 1 };
    const ending = { status: "completed", reason: "stop", timing } as const;
    expect(figuresAt(5_000, { ...found, ending })).toContain("first token 1 ms");
    cleanup();
    const seen: Reply = { ...found, ending };
    vi.spyOn(performance, "now").mockReturnValue(5_000);
    render(
      <ThreadContext
        value={{ actions: null, isBusy: false, arrival: { current: null }, waitedMs: () => 84 }}
      >
        <Stats source={{ subscribe: () => () => undefined, getSnapshot: () => seen }} />
      </ThreadContext>,
    );
    expect(screen.getByTestId("figures").textContent).toContain("first token 84 ms");
  });

  it("blames no model for a connection that was lost", () => {
    const lost = fold(found, { kind: "reconnecting" }, 4_000);
    expect(figuresAt(5_000, lost)).not.toContain("waiting");
    cleanup();
    const stillLost = fold(lost, { kind: "reconnecting" }, 9_000);
    const figures = figuresAt(10_200, stillLost);
    expect(figures).toContain("no connection, 6 s");
    expect(figures).not.toContain("model,");
  });

  it("waits for the model again once there is a connection", () => {
    const lost = fold(found, { kind: "reconnecting" }, 4_000);
    const back = fold(lost, { kind: "reconnected" }, 8_000);
    expect(figuresAt(9_000, back)).toContain("waiting for the model, 9 s");
  });
});
