import { Problem } from "../generation/problem";
import type { Language } from "./language";

/** What went wrong, for people. An error that is not a `Problem` is a bug in the page. */
export function describeError(language: Language, error: Error): string {
  if (!(error instanceof Problem)) return error.message;
  const what = describeProblem(language, error);
  const advice = describeAdvice(language, error) ?? "";
  return `${what} ${advice}`.trimEnd();
}

export function describeProblem({ say, sayForServer }: Language, problem: Problem): string {
  const { code, status, detail } = problem;
  if (code === "unreachable") return say("unreachable");
  // The server's limit in bytes is not meaningful to people; its limit of a field in characters is.
  if (status === 413 && problem.field === null) return say("tooLong");
  if (detail !== null) return sayForServer(code, detail) ?? detail;
  // Without a detail, the response is from a proxy.
  if (status === 429) return say("tooMuchAtOnce");
  if (status >= 500)
    return `${say("serverFailed")}${problem.retryAfter === null ? ` ${say("later")}` : ""}`;
  return say("serverRefused", { status });
}

/** When to try again; null if the server did not say. */
export function describeAdvice({ say }: Language, { retryAfter }: Problem): string | null {
  return retryAfter === null ? null : say("tryAgainIn", { count: Math.max(1, retryAfter) });
}
