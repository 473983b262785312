import { assertNever } from "../../generation/assert-never";
import type { Outcome } from "../../generation/events";
import type { Ending } from "../../generation/fold";
import { describeProblem } from "../../language/describe-problem";
import type { Language } from "../../language/language";

/** A duration: `190 ms`, `2.1 s`, `75 s`. */
export function describeMs({ say, number }: Language, ms: number): string {
  if (ms < 1000) return say("milliseconds", { time: Math.round(ms) });
  return say("seconds", { time: number(ms / 1000, ms < 10_000 ? 1 : 0) });
}

/** A rate: `8.3 tokens/s`, `41 tokens/s`. */
export function describeRate({ say, number }: Language, tokensPerSecond: number): string {
  return say("rate", { rate: number(tokensPerSecond, tokensPerSecond < 10 ? 1 : 0) });
}

/** Why a reply failed; null if it did not. */
export function describeFailure(language: Language, ending: Ending | null): string | null {
  const { say } = language;
  switch (ending?.status) {
    case "failed":
      return describeFailed(language, ending);
    case "refused":
      if (ending.problem.isForgotten) return say("forgotten");
      return describeProblem(language, ending.problem);
    case "interrupted":
      return say("interrupted");
    case "completed":
    case "cancelled":
    case undefined:
      return null;
    default:
      return assertNever(ending);
  }
}

function describeFailed(
  { say, sayForServer }: Language,
  { code, message }: Extract<Outcome, { status: "failed" }>,
): string {
  if (code === "gone" || code === "disconnected") return say(code);
  if (message === "") return say("notFinished");
  return sayForServer(code, message) ?? message;
}

/** Why a reply ended early without a failure; null if it did not. */
export function describeShortness({ say }: Language, ending: Ending | null): string | null {
  if (ending?.status === "cancelled") {
    return say(ending.by === "user" ? "stopped" : "nobodyRead");
  }
  if (ending?.status !== "completed") return null;
  const { reason, noText } = ending;
  const texts = [
    reason === "length" && say("lengthLimit"),
    reason === "content_filter" && say("contentFilter"),
    noText === "empty" && say("answeredNothing"),
    noText === "reasoning" && say("onlyThought"),
    noText === "tool_call" && say("askedForTool"),
  ];
  return texts.filter((text) => text !== false).join(" · ") || null;
}
