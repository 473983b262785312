import { afterEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../generation/problem";
import { ask } from "./client";

const answer = (response: Response | Error) => {
  const fetch = vi.fn(async (_path: string, _init: RequestInit) => {
    if (response instanceof Error) throw response;
    return response;
  });
  vi.stubGlobal("fetch", fetch);
  return fetch;
};

afterEach(() => vi.unstubAllGlobals());

describe("ask", () => {
  it("sends JSON and reads JSON", async () => {
    const fetch = answer(Response.json({ id: "conv_1" }));
    expect(await ask("/api/x", { method: "PATCH", body: { title: "T" } })).toEqual({
      id: "conv_1",
    });
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({
      method: "PATCH",
      body: '{"title":"T"}',
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
    });
  });

  it.each([
    [100, true],
    [100_000, false],
  ])(
    "lets a change of %i characters outlive the page, as a browser does: %s",
    async (length, kept) => {
      const fetch = answer(Response.json({}));
      await ask("/api/x", { method: "PATCH", body: "x".repeat(length), outlivesPage: true });
      expect(fetch.mock.calls[0]?.[1].keepalive).toBe(kept);
    },
  );

  it("sends a file as it is", async () => {
    const fetch = answer(Response.json({}));
    const file = new Blob(["{}"]);
    await ask("/api/x", { method: "POST", body: file });
    expect(fetch.mock.calls[0]?.[1].body).toBe(file);
  });

  it("takes an answer without a body", async () => {
    answer(new Response(null, { status: 204 }));
    expect(await ask("/api/x", { method: "DELETE" })).toBeUndefined();
  });

  it("throws what the server refuses, in its words", async () => {
    answer(Response.json({ code: "not_found", detail: "there is none" }, { status: 404 }));
    await expect(ask("/api/x")).rejects.toMatchObject({
      name: "Problem",
      status: 404,
      code: "not_found",
      message: "There is none.",
    });
  });

  it("does not quote a proxy", async () => {
    answer(new Response("<h1>Bad Gateway</h1>", { status: 502 }));
    const refused = await ask("/api/x").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({ code: "unknown", detail: null });
  });

  it("says that the server cannot be reached", async () => {
    answer(new TypeError("Failed to fetch"));
    await expect(ask("/api/x")).rejects.toMatchObject({ status: 0, code: "unreachable" });
  });

  it("throws why it was called off", async () => {
    answer(new TypeError("aborted"));
    const reason = new Error("enough");
    await expect(ask("/api/x", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
