import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { address, BASE_PATH } from "./own-server";

/** The folder of the folder of the script, as for a built page. */
const BELOW = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

it("is at the root where the page is not built, or is a part of another page", () => {
  expect(BASE_PATH).toBe("");
  expect(address("/api/models")).toBe("/api/models");
});

describe("a page below a path", () => {
  beforeAll(() => {
    // As `vite build` has it.
    vi.stubEnv("BASE_URL", "./");
    vi.resetModules();
  });
  afterAll(() => vi.unstubAllEnvs());

  it("takes the path from the address of its script", async () => {
    const below = await import("./own-server");
    expect(BELOW).toMatch(/^\/./);
    expect(below.BASE_PATH).toBe(BELOW);
  });

  it("asks its server there, by everything that asks", async () => {
    const fetched = vi.fn<typeof fetch>(async () => Response.json([]));
    const opened: string[] = [];
    vi.stubGlobal("fetch", fetched);
    vi.stubGlobal("location", new URL("https://host.example/c/x"));
    vi.stubGlobal(
      "WebSocket",
      class {
        constructor(url: URL) {
          opened.push(url.href);
        }
      },
    );
    const { ask } = await import("./api/client");
    const { browserEnvironment } = await import("./generation/transports/environment");
    const { exportAddress, EXPORT_ALL_ADDRESS } = await import("./api/archive");
    await ask("/api/models");
    await browserEnvironment.fetch("/api/chat", { method: "POST" });
    browserEnvironment.openSocket("/api/ws");
    expect(fetched.mock.calls.map(([path]) => path)).toEqual([
      `${BELOW}/api/models`,
      `${BELOW}/api/chat`,
    ]);
    expect(opened).toEqual([`wss://host.example${BELOW}/api/ws`]);
    expect(exportAddress("x", "json")).toBe(`${BELOW}/api/conversations/x/export?format=json`);
    expect(EXPORT_ALL_ADDRESS).toBe(`${BELOW}/api/conversations/export`);
  });

  it("reads and writes the paths of its own addresses", async () => {
    const { conversationPath, NEW_CHAT_PATH, readRoute } = await import("./route");
    expect(NEW_CHAT_PATH).toBe(`${BELOW}/`);
    expect(conversationPath("c", "m")).toBe(`${BELOW}/c/c#m`);
    expect(readRoute(conversationPath("c"), "#m", null)).toMatchObject({
      kind: "chat",
      conversation: "c",
      message: "m",
    });
    expect(readRoute(`${BELOW}/s/t`, "", null)).toMatchObject({ kind: "shared", token: "t" });
    expect(readRoute(NEW_CHAT_PATH, "", null)).toMatchObject({ kind: "chat", conversation: null });
  });

  it("keeps what it stores apart from that of other pages of the host", async () => {
    const there = new Map([["draft", "another server's"]]);
    const storage = {
      getItem: (key: string) => there.get(key) ?? null,
      setItem: (key: string, value: string) => there.set(key, value),
      removeItem: (key: string) => there.delete(key),
      key: (index: number) => [...there.keys()][index] ?? null,
      get length() {
        return there.size;
      },
    };
    const { browserStorage, keyOf } = await import("./storage");
    const store = browserStorage(() => storage as unknown as Storage);
    expect([store.read("draft"), store.names()]).toEqual([null, []]);
    store.write("draft", "mine");
    expect([store.read("draft"), store.names()]).toEqual(["mine", ["draft"]]);
    expect(there.get(keyOf("draft"))).toBe("mine");
    store.write("draft", null);
    expect([...there]).toEqual([["draft", "another server's"]]);
  });
});
