import { describe, expect, it } from "vitest";
import { NO_TIMING } from "../events";
import { emptyReply, fold, type Reply } from "../fold";
import { wasCollected } from "../pace";
import { textOf, textPart } from "../parts";
import { goldenLogs } from "../testing/golden-log";
import { HELLO } from "../testing/requests";
import { simulatedServer } from "../testing/simulated-server";
import jsonTransport from "./json";

const START = {
  generation: "gen_1",
  conversation: "conv_1",
  message: "msg_2",
  parent: "msg_1",
  model: "scripted/prose",
};

function serverOf(...texts: string[]) {
  const events = texts.map((text) => ({ type: "text" as const, text }));
  return simulatedServer(
    { start: START, events, outcome: { status: "completed", reason: "stop" } },
    {},
  );
}

/** The text after each arrival. */
async function shown(arrivals: ReturnType<ReturnType<typeof jsonTransport>["read"]>) {
  const replies: Reply[] = [];
  for await (const arrival of arrivals) {
    replies.push(
      arrival.reduce((reply, event) => fold(reply, event, 0), replies.at(-1) ?? emptyReply(0)),
    );
  }
  return replies.map(({ parts, ...reply }) => ({ ...reply, text: textOf(parts) }));
}

const { signal } = new AbortController();

describe("jsonTransport", () => {
  it("shows the names at once, and of the text all or nothing", async () => {
    const { environment } = serverOf("one", " two", " three");
    const replies = await shown(jsonTransport(environment).read({ request: HELLO }, signal));
    expect(replies[0]?.text).toBe("");
    expect(new Set(replies.map(({ text }) => text))).toEqual(new Set(["", "one two three"]));
    expect(replies.find(({ text }) => text === "")?.ending).toBeNull();
  });

  it("shows what it has read page by page when all of it is there", async () => {
    const { environment, received } = serverOf("one", " two", " three", " four", " five");
    const replies = await shown(
      jsonTransport(environment).read({ generation: "gen_1", cursor: 1 }, signal),
    );
    expect(received).toHaveLength(2);
    expect(replies.map(({ text }) => text)).toEqual(["", " two three four five"]);
  });

  it("takes for thoughts also what was read before the page that says so", async () => {
    const log = goldenLogs().find(({ name }) => name === "late-thought");
    if (log === undefined) throw new Error("there is no such log");
    const { environment } = simulatedServer(log, {});
    const part = textPart(log.events[0]?.text ?? "");
    let reply = fold(emptyReply(0), { kind: "part", cursor: 1, part }, 0);
    const { generation } = log.start;
    for await (const arrival of jsonTransport(environment).read({ generation, cursor: 1 }, signal))
      for (const event of arrival) reply = fold(reply, event, 0);
    expect(reply.parts).toEqual([textPart(log.reasoning, "reasoning"), textPart(log.text)]);
    expect(reply.ending?.status).toBe("completed");
  });

  it("takes its time while a reply grows, and none where it has to catch up", async () => {
    const growing = serverOf("one", " two", " three");
    await shown(
      jsonTransport(growing.environment).read({ generation: "gen_1", cursor: 0 }, signal),
    );
    expect(growing.pauses).toEqual([1000]);
    const behind = serverOf("x".repeat(4096), "one", "two");
    await shown(jsonTransport(behind.environment).read({ generation: "gen_1", cursor: 0 }, signal));
    expect(behind.pauses).toEqual([]);
  });

  it("blames nobody on the way for collecting what was to come whole", async () => {
    const { environment } = serverOf("one", " two");
    const replies = await shown(jsonTransport(environment).read({ request: HELLO }, signal));
    const timing = { ...NO_TIMING, firstTokenMs: 10, durationMs: 9_000, longestGapMs: 50 };
    expect(replies.map(({ pace }) => wasCollected(pace, timing))).not.toContain(true);
  });
});
