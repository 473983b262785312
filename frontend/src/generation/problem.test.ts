import { describe, expect, it } from "vitest";
import { readProblem, readRetryAfter } from "./problem";

const problem = (status: number, body: string, headers: Record<string, string> = {}) =>
  readProblem(new Response(body, { status, headers }));

describe("readProblem", () => {
  it("says what the server says, as a sentence", async () => {
    const parsed = await problem(400, '{"code":"invalid_request","detail":"message is blank"}', {
      "Content-Type": "application/problem+json",
    });
    expect(parsed).toMatchObject({ status: 400, code: "invalid_request", isTransient: false });
    expect(parsed.message).toBe("Message is blank.");
  });

  it("shows nobody a proxy's page", async () => {
    const parsed = await problem(502, "<h1>Bad Gateway</h1>", { "Content-Type": "text/html" });
    expect(parsed).toMatchObject({ code: "unknown", detail: null, isTransient: true });
  });

  it("bears JSON that is none", async () => {
    const parsed = await problem(503, "{", { "Content-Type": "application/json" });
    expect(parsed).toMatchObject({ status: 503, code: "unknown" });
  });
});

describe("readRetryAfter", () => {
  it.each([
    ["12", 12],
    [" 0 ", 0],
    ["Thu, 01 Jan 1970 00:00:30 GMT", 30],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["soon", null],
    ["", null],
    [null, null],
  ])("reads %j as %j seconds", (header, seconds) => {
    expect(readRetryAfter(header, 500)).toBe(seconds);
  });
});
