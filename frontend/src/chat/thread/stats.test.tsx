// @vitest-environment jsdom

import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readOutcome } from "../../generation/decode";
import { NO_TIMING } from "../../generation/events";
import { fold, type Reply, resumedReply } from "../../generation/fold";
import { textPart } from "../../generation/parts";
import { ThreadContext } from "../state/thread-context";
import { Stats } from "./stats";

const START = { generation: "g", conversation: "c", message: "m", parent: "p", model: "a/model" };

/** The stats below a reply at a time in milliseconds. */
function statsAt(now: number, reply: Reply): string | null {
  vi.spyOn(performance, "now").mockReturnValue(now);
  render(<Stats source={{ subscribe: () => () => undefined, getSnapshot: () => reply }} />);
  return screen.getByTestId("figures").textContent;
}

afterEach(cleanup);

describe("Figures", () => {
  const resumed = resumedReply({ start: START, parts: [textPart("Some")], cursor: 1 }, 0);

  it("says for how long the model has been silent", () => {
    expect(statsAt(5_100, resumed)).toContain("waiting for the model, 5 s");
  });

  it("keeps what the person waited for the first token, also of a reply that is read anew", () => {
    const timing = { ...NO_TIMING, firstTokenMs: 1 };
    const ending = { status: "completed", reason: "stop", timing } as const;
    expect(statsAt(5_000, { ...resumed, ending })).toContain("first token 1 ms");
    cleanup();
    const seen: Reply = { ...resumed, ending };
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

  it.each([
    ["empty", "stop", "The model answered nothing"],
    ["reasoning", "stop", "The model only thought and gave no answer"],
    [
      "reasoning",
      "length",
      "Ended at the length limit · The model only thought and gave no answer",
    ],
    ["tool_call", "stop", "The model asked for a tool, but there is none here"],
  ])("says what a reply without text has instead: %s, %s", (noText, reason, text) => {
    const outcome = readOutcome({ status: "completed", reason, no_text: noText });
    expect(statsAt(5_000, { ...resumed, parts: [], ending: outcome })).toContain(text);
  });

  it("blames no model for a connection that was lost", () => {
    const lost = fold(resumed, { kind: "reconnecting" }, 4_000);
    expect(statsAt(5_000, lost)).not.toContain("waiting");
    cleanup();
    const stillLost = fold(lost, { kind: "reconnecting" }, 9_000);
    const stats = statsAt(10_200, stillLost);
    expect(stats).toContain("no connection, 6 s");
    expect(stats).not.toContain("model,");
  });

  it("waits for the model again once there is a connection", () => {
    const lost = fold(resumed, { kind: "reconnecting" }, 4_000);
    const back = fold(lost, { kind: "reconnected" }, 8_000);
    expect(statsAt(9_000, back)).toContain("waiting for the model, 9 s");
  });
});
