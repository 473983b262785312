import { Problem } from "../generation/problem";
import type { Language } from "./language";

/** What went wrong, for people. An error that is no `Problem` is a fault of the page, and says so itself. */
export function describeError(language: Language, error: Error): string {
  if (!(error instanceof Problem)) return error.message;
  const what = describeProblem(language, error);
  const advice = describeAdvice(language, error) ?? "";
  return `${what} ${advice}`.trimEnd();
}

/** What was refused and why. */
export function describeProblem({ say, sayForServer }: Language, problem: Problem): string {
  const { code, status, detail } = problem;
  if (code === "unreachable") return say("unreachable");
  // How many bytes a body may have is for programs; how many characters a message, for people.
  if (status === 413 && problem.field === null) return say("tooLong");
  if (detail !== null) return sayForServer(code, detail) ?? detail;
  // A proxy said it, of whose words nothing is known.
  if (status === 429) return say("tooMuchAtOnce");
  if (status >= 500)
    return `${say("serverFailed")}${problem.retryAfter === null ? ` ${say("later")}` : ""}`;
  return say("serverRefused", { status });
}

/** When to try again, where the server said so. */
export function describeAdvice({ say }: Language, { retryAfter }: Problem): string | null {
  return retryAfter === null ? null : say("tryAgainIn", { count: Math.max(1, retryAfter) });
}
