// What has come is shown at this pace: after so many milliseconds, two thirds of it.
const LAG_MS = 100;
// A page that was busy does not make up for it at once.
const LONGEST_STEP_MS = 50;
// What is left at the end is shown within this time.
const END_MS = 120;

/** How much of a text that grows is shown, so that it grows evenly. Times are milliseconds of one clock. */
export interface Flow {
  /** Characters. */
  readonly shown: number;
  readonly at: number;
  /** When all of it is to be shown; null until the text has ended. */
  readonly endsAt: number | null;
}

/** A text of which everything is shown that there is. */
export function flowOf(text: string, now: number): Flow {
  return { shown: text.length, at: now, endsAt: null };
}

/**
 * Shows more of a text, as is due in a frame: the more waits, the faster. Once the text has ended all of it
 * is shown within 120 ms and a frame.
 */
export function advance(flow: Flow, text: string, isOver: boolean, now: number): Flow {
  const endsAt = isOver ? (flow.endsAt ?? now + END_MS) : null;
  const waits = text.length - flow.shown;
  const shown = flow.shown + Math.ceil(waits * shareDue(now - flow.at, endsAt, now));
  return { shown: Math.min(text.length, wholeCharacter(text, shown)), at: now, endsAt };
}

function shareDue(passedMs: number, endsAt: number | null, now: number): number {
  if (endsAt === null) return 1 - Math.exp(-Math.min(passedMs, LONGEST_STEP_MS) / LAG_MS);
  return now >= endsAt ? 1 : Math.min(1, passedMs / (endsAt - now + passedMs));
}

// Half of a character that takes two places would be seen as a sign that there is none.
function wholeCharacter(text: string, end: number): number {
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end + 1 : end;
}
