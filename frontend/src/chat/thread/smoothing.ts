/** The time constant: two thirds of a burst are shown after this time. */
const LAG_MS = 100;
/** A frame after a long pause counts as this long. */
const LONGEST_STEP_MS = 50;
/** The rest of an ended text is shown within this time. */
const END_MS = 120;

/** How much of a growing text is shown. Times are milliseconds of one clock. */
export interface Flow {
  /** Characters. */
  readonly shown: number;
  readonly at: number;
  /** When all of the text must be shown; null until it has ended. */
  readonly endsAt: number | null;
}

export function flowOf(text: string, now: number): Flow {
  return { shown: text.length, at: now, endsAt: null };
}

/**
 * Advances to the next frame. The more text is hidden, the faster it is shown. An ended text is shown completely within
 * 120 ms and a frame.
 */
export function advance(flow: Flow, text: string, isOver: boolean, now: number): Flow {
  const endsAt = isOver ? (flow.endsAt ?? now + END_MS) : null;
  const hidden = text.length - flow.shown;
  const shown = flow.shown + Math.ceil(hidden * shareDue(now - flow.at, endsAt, now));
  return { shown: Math.min(text.length, wholeCharacter(text, shown)), at: now, endsAt };
}

function shareDue(passedMs: number, endsAt: number | null, now: number): number {
  if (endsAt === null) return 1 - Math.exp(-Math.min(passedMs, LONGEST_STEP_MS) / LAG_MS);
  return now >= endsAt ? 1 : Math.min(1, passedMs / (endsAt - now + passedMs));
}

// Half of a surrogate pair would be shown as a replacement character.
function wholeCharacter(text: string, end: number): number {
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end + 1 : end;
}
