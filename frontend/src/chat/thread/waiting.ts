import { isRunning, type Reply } from "../../generation/fold";
import { silenceMs } from "../../generation/pace-stats";
import type { Language } from "../../language/language";

const STALLED_MS = 3_000;

/** A figure under a reply. */
export type Stat = readonly [name: string, text: string | null];

/** Says after a while what a silent reply waits for: the model, or the connection if that was lost. */
export function waitingFor({ say }: Language, reply: Reply, now: number): readonly Stat[] | null {
  if (!isRunning(reply)) return null;
  const waited = reply.lostAt === null ? silenceMs(reply.pace, now) : now - reply.lostAt;
  if (waited < STALLED_MS) return null;
  const what = reply.lostAt === null ? "waitingForModel" : "noConnection";
  return [[say("stalled"), say(what, { seconds: Math.floor(waited / 1000) })]];
}
