import { describe, expect, it } from "vitest";
import { LiveReply } from "./live-reply";
import { pickedTransport } from "./picked-transport";
import type { SimulatedLog } from "./testing/simulated-log";
import { simulatedServer } from "./testing/simulated-server";
import { simulatedSocket } from "./testing/simulated-socket";
import { steadyNetwork } from "./testing/steady-network";
import type { TransportKey } from "./transports/table";
import type { Ways } from "./transports/ways";

const LOG: SimulatedLog = {
  start: {
    generation: "gen_1",
    conversation: "conv_1",
    message: "msg_2",
    parent: "msg_1",
    model: "scripted/prose",
  },
  events: [{ type: "text", text: "all of it" }],
  outcome: { status: "completed", reason: "stop" },
};

/** A server that tells how it was reached, and a page on which something is picked. */
function playground(change: Partial<Ways> = {}) {
  const reached: string[] = [];
  const blocked: TransportKey[] = [];
  const { ways } = simulatedServer(LOG, {});
  const page = { picked: "sse" as TransportKey };
  const transport = pickedTransport({
    picked: () => page.picked,
    onBlocked: (key) => blocked.push(key),
    ways: {
      ...ways,
      fetch(input, init) {
        reached.push(new Headers(init?.headers).get("Accept") ?? "");
        return (change.fetch ?? ways.fetch)(input, init);
      },
      openSocket(path) {
        reached.push(path);
        return (change.openSocket ?? ways.openSocket)(path);
      },
    },
  });
  const ask = async (): Promise<LiveReply> => {
    const reply = new LiveReply(
      { message: "hello" },
      { transport, network: steadyNetwork(), nextFrame: () => () => undefined, now: () => 0 },
    );
    await reply.ended;
    return reply;
  };
  return { page, ask, reached, blocked };
}

const REFUSED = { openSocket: () => simulatedSocket(null) };
const SSE = "text/event-stream";

describe("pickedTransport", () => {
  it("asks over what is picked then", async () => {
    const { page, ask, reached } = playground();
    await ask();
    for (const key of ["ndjson", "websocket", "json"] as const) {
      page.picked = key;
      expect((await ask()).getSnapshot().text).toBe("all of it");
    }
    expect(reached).toEqual([SSE, "application/x-ndjson", "/api/ws", "application/json"]);
  });

  it("lets server-sent events stand in for what does not get through, and says so once", async () => {
    const { page, ask, reached, blocked } = playground(REFUSED);
    page.picked = "websocket";
    expect((await ask()).getSnapshot().text).toBe("all of it");
    expect((await ask()).getSnapshot().text).toBe("all of it");
    expect(reached).toEqual(["/api/ws", SSE, SSE]);
    expect(blocked).toEqual(["websocket"]);
  });

  it("blames no transport where nothing gets through", async () => {
    let isAway = true;
    const { ways } = simulatedServer(LOG, {});
    const { page, ask, reached, blocked } = playground({
      fetch: (...asked) =>
        isAway ? Promise.reject(new TypeError("Failed to fetch")) : ways.fetch(...asked),
      openSocket: (path) => (isAway ? simulatedSocket(null) : ways.openSocket(path)),
    });
    page.picked = "websocket";
    expect((await ask()).getSnapshot().ending).toMatchObject({ status: "refused" });
    isAway = false;
    reached.length = 0;
    expect((await ask()).getSnapshot().text).toBe("all of it");
    expect(reached).toEqual(["/api/ws"]);
    expect(blocked).toEqual([]);
  });
});
