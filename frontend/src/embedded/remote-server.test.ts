// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { remoteServer } from "./remote-server";

/** A server that sends a client token with every response, and its requests. */
function server(token = "token_1") {
  const send = vi.fn<typeof fetch>(async () => {
    return new Response("{}", { headers: { "headwater-client": token } });
  });
  const sent = (index: number) => {
    const [address, init] = send.mock.calls[index] ?? [];
    const client = new Headers(init?.headers).get("headwater-client");
    return { address, client, credentials: init?.credentials };
  };
  return { send, sent };
}

beforeEach(() => localStorage.clear());

describe("remoteServer", () => {
  it("asks a server of its own origin as the page does", async () => {
    const { send, sent } = server();
    await remoteServer("/", send)("/api/models");
    await remoteServer("/behind/", send)("/api/models");
    const credentials = "same-origin";
    expect(sent(0)).toEqual({
      address: `${location.origin}/api/models`,
      client: null,
      credentials,
    });
    expect(sent(1).address).toBe(`${location.origin}/behind/api/models`);
    expect(localStorage).toHaveLength(0);
  });

  it("is known elsewhere by the token that it was given, also after a reload", async () => {
    const { send, sent } = server();
    const ask = remoteServer("https://one.example/x", send);
    await ask("/api/models");
    await ask("/api/chat", { method: "POST", headers: { "Content-Type": "application/json" } });
    expect(sent(0)).toEqual({
      address: "https://one.example/x/api/models",
      client: null,
      credentials: "omit",
    });
    expect(sent(1).client).toBe("token_1");
    vi.resetModules();
    const again = await import("./remote-server");
    await again.remoteServer("https://one.example/x", send)("/api/models");
    expect(sent(2).client).toBe("token_1");
  });

  it("tells no other server", async () => {
    const { send, sent } = server("token_2");
    await remoteServer("https://two.example", send)("/api/models");
    await remoteServer("https://three.example", send)("/api/models");
    expect(sent(1).client).toBeNull();
  });

  it("keeps what the caller says", async () => {
    const { send } = server();
    const headers = { "Idempotency-Key": "k" };
    await remoteServer("https://four.example", send)("/api/chat", { method: "POST", headers });
    const [, init] = send.mock.calls[0] ?? [];
    expect(init?.method).toBe("POST");
    expect(new Headers(init?.headers).get("Idempotency-Key")).toBe("k");
  });
});
