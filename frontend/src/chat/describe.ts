import { assertNever } from "../generation/assert-never";
import type { Ending } from "../generation/fold";

/** A duration for people: `190 ms`, `2.1 s`, `75 s`. */
export function describeMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** A rate for people: `8.3 tokens/s`, `41 tokens/s`. */
export function describeRate(tokensPerSecond: number): string {
  return `${tokensPerSecond.toFixed(tokensPerSecond < 10 ? 1 : 0)} tokens/s`;
}

const FORGOTTEN =
  "The server no longer has this conversation. Asked again, the question begins a new one, without what was said before.";

/** What went wrong, in words; null when nothing did. */
export function describeFailure(ending: Ending | null): string | null {
  switch (ending?.status) {
    case "failed":
      return ending.message;
    case "refused":
      return ending.problem.isForgotten ? FORGOTTEN : ending.problem.what;
    case "interrupted":
      return "The server was interrupted before the reply was complete.";
    case "completed":
    case "cancelled":
    case undefined:
      return null;
    default:
      return assertNever(ending);
  }
}

/** Why a reply is shorter than it might be, without anything having gone wrong; else null. */
export function describeShortness(ending: Ending | null): string | null {
  if (ending?.status === "cancelled") {
    return ending.by === "user" ? "Stopped" : "Ended because nobody was reading";
  }
  if (ending?.status !== "completed") return null;
  if (ending.reason === "length") return "Ended at the length limit";
  return ending.reason === "content_filter" ? "Ended by the model's content filter" : null;
}
