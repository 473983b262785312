// @vitest-environment jsdom
// The npm packages that read server-sent events, as they are installed, against a real server.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { fetchEventSource } from "@microsoft/fetch-event-source";
import { EventSource } from "eventsource";
import { SSE, type SSEvent } from "sse.js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type RunningServer, startServer } from "./running-server.ts";

interface Start {
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
}

interface Received {
  name: string;
  data: string;
}

interface Client {
  name: string;
  /** Reads a reply with all reconnects that the package does; settles when it does no more. */
  read(url: string, request: Start, receive: (event: Received) => void): Promise<void>;
}

/** The events to listen for, in packages that need a listener for each name. */
const NAMES = ["message", "start", "outcome"];

const CLIENTS: Client[] = [
  {
    name: "@microsoft/fetch-event-source",
    read: (url, request, receive) =>
      fetchEventSource(url, {
        ...request,
        onmessage: ({ event, data }) => receive({ name: event || "message", data }),
      }),
  },
  {
    name: "eventsource",
    read: (url, request, receive) =>
      new Promise((resolve, reject) => {
        const source = new EventSource(url, {
          fetch: (input, init) =>
            fetch(input, { ...init, ...request, headers: { ...init.headers, ...request.headers } }),
        });
        for (const name of NAMES) {
          source.addEventListener(name, ({ data }: MessageEvent) => receive({ name, data }));
        }
        source.addEventListener("error", ({ code, message }) => {
          if (code === 204) resolve();
          else if (source.readyState === source.CLOSED) reject(new Error(message));
        });
      }),
  },
  {
    name: "sse.js",
    read: (url, { body = "", ...request }, receive) =>
      new Promise((resolve) => {
        const source = new SSE(url, { ...request, payload: body, autoReconnect: true });
        for (const name of NAMES) {
          source.addEventListener(name, ({ data }: SSEvent) => receive({ name, data }));
        }
        // The package takes 204 for an empty reply, and would ask for ever.
        source.addEventListener("outcome", () => source.close());
        source.addEventListener("readystatechange", () => {
          if (source.readyState === SSE.CLOSED && !source.autoReconnect) resolve();
        });
      }),
  },
];

let server: RunningServer;
let relay: Relay;
let headers: Record<string, string>;

beforeAll(async () => {
  // XMLHttpRequest is the page's; fetch is Node's, which has no origin.
  server = await startServer(location.origin);
  relay = await startRelay(Number(new URL(server.url).port));
  const named = await fetch(`${server.url}/api/models`);
  // A browser sends its cookie; Node keeps none.
  headers = { "headwater-client": named.headers.get("headwater-client") ?? "" };
});

afterAll(async () => {
  relay.stop();
  await server.stop();
});

interface Relay {
  readonly url: string;
  /** How many heartbeats have passed. */
  heartbeats(): number;
  /** Breaks every connection. */
  cut(): void;
  stop(): void;
}

/** Stands between the clients and the server. */
async function startRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let heartbeats = 0;
  const listening = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    upstream.on("data", (data) => {
      heartbeats += data.toString().split(": heartbeat\n").length - 1;
    });
    sockets.add(client);
    pipeline(client, upstream, client, () => sockets.delete(client));
  }).listen(0, "127.0.0.1");
  await once(listening, "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    heartbeats: () => heartbeats,
    cut,
    stop() {
      listening.close();
      cut();
    },
  };
}

/** A question whose reply waits after two tokens until its gate is opened. */
function gated(): Start {
  const script = { tokens_per_second: 100_000, faults: [{ after: 2, kind: "gate" }] };
  return {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ message: "one two three four", model: "scripted/echo", script }),
  };
}

async function post(path: string): Promise<void> {
  const answer = await fetch(server.url + path, { method: "POST", headers });
  expect(answer.ok).toBe(true);
}

function waitFor(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000 });
}

describe.each(CLIENTS)("$name", ({ read }) => {
  function ask(path: string, request: Start) {
    const events: Received[] = [];
    const ended = read(relay.url + path, request, (event) => events.push(event));
    const named = (name: string) =>
      events
        .filter((event) => event.name === name && event.data !== "")
        .map(({ data }) => JSON.parse(data));
    return {
      events,
      ended,
      starts: () => named("start"),
      text: () =>
        named("message")
          .map(({ token }) => token)
          .join(""),
      outcome: () => named("outcome"),
      /** The names of the events, without those of text. */
      names: () => events.map(({ name }) => name).filter((name) => name !== "message"),
    };
  }

  async function heartbeatsPass() {
    const before = relay.heartbeats();
    await waitFor(() => expect(relay.heartbeats()).toBeGreaterThan(before + 1));
  }

  test("a reply is read to its end: each token once, and nothing for heartbeats", async () => {
    const reply = ask("/api/chat", gated());
    await waitFor(() => expect(reply.text()).toBe("one two"));
    await heartbeatsPass();
    await post(`/api/scripted/gates/${reply.starts()[0].generation}`);
    await reply.ended;
    expect(reply.events.map(({ data }) => data)).not.toContain("");
    expect(reply.text()).toBe("one two three four");
    expect(reply.names()).toEqual(["start", "outcome"]);
    expect(reply.outcome()).toMatchObject([{ status: "completed" }]);
  });

  test("a reply that was cut goes on where it was", async () => {
    const reply = ask("/api/chat", gated());
    await waitFor(() => expect(reply.text()).toBe("one two"));
    relay.cut();
    await waitFor(() => expect(reply.starts()).toHaveLength(2));
    const [{ generation }, again] = reply.starts();
    expect(again.generation).toBe(generation);
    await post(`/api/scripted/gates/${generation}`);
    await reply.ended;
    expect(reply.text()).toBe("one two three four");
    expect(reply.names()).toEqual(["start", "start", "outcome"]);
  });

  test("an address alone starts a reply, and resumes it", async () => {
    const address = "/api/chat?message=Why&model=scripted/stall";
    const reply = ask(address, { method: "GET", headers });
    await waitFor(() => expect(reply.text().split(" ")).toHaveLength(5));
    const text = reply.text();
    relay.cut();
    await waitFor(() => expect(reply.starts()).toHaveLength(2));
    await heartbeatsPass();
    await post(`/api/generations/${reply.starts()[0].generation}/cancel`);
    await reply.ended;
    expect(reply.events.map(({ data }) => data)).not.toContain("");
    expect(reply.text()).toBe(text);
    expect(reply.names()).toEqual(["start", "start", "outcome"]);
    expect(reply.outcome()).toMatchObject([{ status: "cancelled", by: "user" }]);
  });
});
