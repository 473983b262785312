import { describe, expect, it } from "vitest";
import { Problem } from "../generation/problem";
import { describeError } from "./describe-problem";
import { english, makeLanguage } from "./language";
import de from "./languages/de";

const german = makeLanguage("de", de.texts, de.server);
const limited = new Problem(429, "rate_limited", "too fast", 1);

describe("describeError", () => {
  it("quotes the server in its own language", () => {
    const problem = new Problem(400, "invalid_request", "message is blank");
    expect(describeError(english, problem)).toBe("Message is blank.");
    expect(describeError(english, limited)).toBe("Too fast. Try again in a second.");
  });

  it("says in another language what a code means", () => {
    expect(describeError(german, limited)).toBe(
      "Es wurden zu viele Antworten auf einmal verlangt. Versuche es in einer Sekunde noch einmal.",
    );
  });

  it("keeps the server's own words where the code says little", () => {
    const problem = new Problem(400, "invalid_request", "message is blank");
    expect(describeError(german, problem)).toMatch(/^Der Server .*: Message is blank\.$/);
  });

  it("quotes no proxy", () => {
    const bad = new Problem(502, "unknown", null);
    expect(describeError(english, bad)).toBe("The server could not do this. Try again later.");
    expect(describeError(german, bad)).toMatch(/später/);
    expect(describeError(english, new Problem(418, "unknown", null))).toContain("(418)");
  });

  it("counts no bytes to people", () => {
    const bytes = new Problem(413, "too_large", "the body is larger than 1048576 bytes");
    expect(describeError(english, bytes)).toBe("This message is too long.");
    const characters = new Problem(413, "too_large", "message has 9 characters", null, "message");
    expect(describeError(english, characters)).toBe("Message has 9 characters.");
  });
});
