// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { remoteServer } from "./remote-server";

/** A server that names its client in every answer, and what it was asked. */
function server(token = "token_1") {
  const reach = vi.fn<typeof fetch>(async () => {
    return new Response("{}", { headers: { "headwater-client": token } });
  });
  const asked = (index: number) => {
    const [address, init] = reach.mock.calls[index] ?? [];
    const client = new Headers(init?.headers).get("headwater-client");
    return { address, client, credentials: init?.credentials };
  };
  return { reach, asked };
}

beforeEach(() => localStorage.clear());

describe("remoteServer", () => {
  it("asks a server of its own origin as the page does", async () => {
    const { reach, asked } = server();
    await remoteServer("/", reach)("/api/models");
    await remoteServer("/behind/", reach)("/api/models");
    const credentials = "same-origin";
    expect(asked(0)).toEqual({
      address: `${location.origin}/api/models`,
      client: null,
      credentials,
    });
    expect(asked(1).address).toBe(`${location.origin}/behind/api/models`);
    expect(localStorage).toHaveLength(0);
  });

  it("is known elsewhere by the token that it was given, also after a reload", async () => {
    const { reach, asked } = server();
    const ask = remoteServer("https://one.example/x", reach);
    await ask("/api/models");
    await ask("/api/chat", { method: "POST", headers: { "Content-Type": "application/json" } });
    expect(asked(0)).toEqual({
      address: "https://one.example/x/api/models",
      client: null,
      credentials: "omit",
    });
    expect(asked(1).client).toBe("token_1");
    vi.resetModules();
    const again = await import("./remote-server");
    await again.remoteServer("https://one.example/x", reach)("/api/models");
    expect(asked(2).client).toBe("token_1");
  });

  it("tells no other server", async () => {
    const { reach, asked } = server("token_2");
    await remoteServer("https://two.example", reach)("/api/models");
    await remoteServer("https://three.example", reach)("/api/models");
    expect(asked(1).client).toBeNull();
  });

  it("keeps what the caller says", async () => {
    const { reach } = server();
    const headers = { "Idempotency-Key": "k" };
    await remoteServer("https://four.example", reach)("/api/chat", { method: "POST", headers });
    const [, init] = reach.mock.calls[0] ?? [];
    expect(init?.method).toBe("POST");
    expect(new Headers(init?.headers).get("Idempotency-Key")).toBe("k");
  });
});
