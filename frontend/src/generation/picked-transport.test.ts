import { afterEach, describe, expect, it, vi } from "vitest";
import { LiveReply } from "./following/live-reply";
import { textOf } from "./parts";
import { pickedTransport } from "./picked-transport";
import { HELLO } from "./testing/requests";
import type { SimulatedLog } from "./testing/simulated-log";
import { simulatedServer } from "./testing/simulated-server";
import { unopenedSocket } from "./testing/simulated-socket";
import { steadyNetwork } from "./testing/steady-network";
import type { Environment } from "./transports/environment";
import { TRANSPORTS, type TransportKey } from "./transports/table";

const LOG: SimulatedLog = {
  start: {
    generation: "gen_1",
    conversation: "conv_1",
    message: "msg_2",
    parent: "msg_1",
    model: "scripted/prose",
  },
  events: ["all", " of", " it"].map((text) => ({ type: "text", text })),
  outcome: { status: "completed", reason: "stop" },
};

/** A server that records its transports, and a page with a picked transport. */
function playground(change: Partial<Environment> = {}, connections = 9) {
  const reached: string[] = [];
  const blocked: TransportKey[] = [];
  const { environment, open } = simulatedServer(LOG, {});
  const page = { picked: "sse" as TransportKey, connections };
  const transport = pickedTransport({
    picked: () => page.picked,
    onBlocked: (key) => blocked.push(key),
    isScarce: () => true,
    async connect() {
      if (page.connections === 0) return null;
      page.connections -= 1;
      return () => (page.connections += 1);
    },
    environment: {
      ...environment,
      ...change,
      fetch(input, init) {
        reached.push(new Headers(init?.headers).get("Accept") ?? "");
        return (change.fetch ?? environment.fetch)(input, init);
      },
      openSocket(path) {
        reached.push(path);
        return (change.openSocket ?? environment.openSocket)(path);
      },
    },
  });
  const ask = async (): Promise<LiveReply> => {
    const reply = new LiveReply(HELLO, {
      transport,
      network: steadyNetwork(),
      nextFrame: () => () => undefined,
      now: () => 0,
    });
    await reply.ended;
    return reply;
  };
  return { page, ask, reached, blocked, open };
}

const SSE = "text/event-stream";
const PAGE = "application/json";

afterEach(() => void vi.useRealTimers());

describe("pickedTransport", () => {
  it("asks over what is picked then", async () => {
    const { page, ask, reached } = playground();
    await ask();
    for (const key of ["ndjson", "websocket", "json"] as const) {
      page.picked = key;
      expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    }
    expect(reached).toEqual([SSE, "application/x-ndjson", "/api/ws", "application/json"]);
  });

  it("asks over a WebSocket while there is no connection to spare, and gives back what it took", async () => {
    const { page, ask, reached } = playground({}, 1);
    await ask();
    expect(page.connections).toBe(1);
    page.connections = 0;
    expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    page.picked = "ndjson";
    await ask();
    expect(page.connections).toBe(0);
    expect(reached).toEqual([SSE, "/api/ws", "application/x-ndjson"]);
  });

  it("holds no connection that cannot be spared where WebSockets are blocked, and says so only to who picks them", async () => {
    const { page, ask, reached, blocked, open } = playground(
      { openSocket: () => unopenedSocket("refused") },
      0,
    );
    for (let time = 1; time <= 2; time += 1) {
      expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    }
    expect(blocked).toEqual([]);
    page.picked = "websocket";
    await ask();
    const shortly = [SSE, PAGE, PAGE];
    expect(reached).toEqual(["/api/ws", ...shortly, ...shortly, "/api/ws", ...shortly]);
    expect(open.size).toBe(0);
    expect(blocked).toEqual(["websocket"]);
  });

  it("streams a reply on as soon as a connection is free", async () => {
    const { page, ask, reached } = playground(
      {
        openSocket: () => unopenedSocket("refused"),
        async pause() {
          page.connections = 1;
        },
      },
      0,
    );
    expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    expect(reached).toEqual(["/api/ws", SSE, PAGE, SSE]);
    expect(page.connections).toBe(1);
  });

  it("tries WebSockets again where nothing got through", async () => {
    let isAway = true;
    const { page, ask, reached } = playground(
      {
        fetch: () => Promise.reject(new TypeError("Failed to fetch")),
        openSocket: (path) =>
          isAway
            ? unopenedSocket("refused")
            : simulatedServer(LOG, {}).environment.openSocket(path),
      },
      0,
    );
    expect((await ask()).getSnapshot().ending).toMatchObject({ status: "refused" });
    isAway = false;
    reached.length = 0;
    expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    expect(reached).toEqual(["/api/ws"]);
    expect(page.connections).toBe(0);
  });

  it("lets server-sent events stand in for what does not get through, and says so once", async () => {
    const refused = { openSocket: () => unopenedSocket("refused") };
    const { page, ask, reached, blocked } = playground(refused);
    page.picked = "websocket";
    expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    expect(reached).toEqual(["/api/ws", SSE, SSE]);
    expect(blocked).toEqual(["websocket"]);
  });

  it("does not wait for ever for a handshake", async () => {
    vi.useFakeTimers();
    const unanswered = { openSocket: () => unopenedSocket("unanswered") };
    const { page, ask, blocked } = playground(unanswered);
    page.picked = "websocket";
    const args = ask();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(textOf((await args).getSnapshot().parts)).toBe("all of it");
    expect(blocked).toEqual(["websocket"]);
  });

  it("takes an answer that is not Connect for one of somebody on the way", async () => {
    const { environment } = simulatedServer(LOG, {});
    const { page, ask, blocked } = playground({
      fetch: async (path, init) =>
        String(path).startsWith("/headwater.v1.")
          ? new Response("Not Found", { status: 404 })
          : environment.fetch(path, init),
    });
    page.picked = "connect";
    expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    expect(blocked).toEqual(["connect"]);
  });

  it("does without a part of the page that cannot be fetched", async () => {
    const { page, ask, blocked } = playground();
    const lost = vi.spyOn(TRANSPORTS.ndjson, "load");
    lost.mockRejectedValue(new TypeError("Failed to fetch dynamically imported module"));
    page.picked = "ndjson";
    expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    expect(blocked).toEqual(["ndjson"]);
  });

  it("blames no transport where nothing gets through", async () => {
    let isAway = true;
    const { environment } = simulatedServer(LOG, {});
    const { page, ask, reached, blocked } = playground({
      fetch: (...args) =>
        isAway ? Promise.reject(new TypeError("Failed to fetch")) : environment.fetch(...args),
      openSocket: (path) => (isAway ? unopenedSocket("refused") : environment.openSocket(path)),
    });
    page.picked = "websocket";
    expect((await ask()).getSnapshot().ending).toMatchObject({ status: "refused" });
    isAway = false;
    reached.length = 0;
    expect(textOf((await ask()).getSnapshot().parts)).toBe("all of it");
    expect(reached).toEqual(["/api/ws"]);
    expect(blocked).toEqual([]);
  });
});
