import type { Message } from "../../api/schema";
import { questionId, replyId, type Turn } from "./exchange";

/** The messages that a thread shows, and the last one of the branch that is shown. */
export interface ShownMessages {
  readonly messages: readonly Message[];
  readonly leaf: string | null;
}

/**
 * The saved messages and, after them, those of turns that are not saved yet. What is saved counts: a
 * turn whose reply is among the saved messages adds nothing. The latest turn that is shown and not saved
 * leads to its branch; otherwise the saved leaf does, or the newest message where it names none.
 */
export function withTurns(
  saved: readonly Message[],
  leaf: string | null,
  turns: readonly Turn[],
): ShownMessages {
  const known = new Set(saved.map(({ id }) => id));
  const unsaved = turns.filter((turn) => !known.has(replyId(turn)));
  const added = unsaved
    .flatMap(messagesOf)
    .filter(({ id }) => !known.has(id) && known.add(id) !== undefined);
  const latest = unsaved.findLast(({ isShown }) => isShown);
  return {
    messages: added.length === 0 ? saved : [...saved, ...added],
    leaf: latest === undefined ? savedLeaf(saved, leaf) : replyId(latest),
  };
}

function savedLeaf(saved: readonly Message[], leaf: string | null): string | null {
  const isThere = leaf !== null && saved.some(({ id }) => id === leaf);
  return isThere ? leaf : (saved.at(-1)?.id ?? null);
}

function messagesOf(turn: Turn): readonly Message[] {
  const question = questionId(turn);
  const reply: Message = {
    ...BLANK,
    id: replyId(turn),
    parent: question,
    role: "assistant",
    model: turn.start?.model ?? turn.request.model ?? null,
    generation: turn.start?.generation ?? null,
    running: true,
  };
  if (turn.question === null || question === null) return [reply];
  return [{ ...BLANK, id: question, parent: turn.after, role: "user", text: turn.question }, reply];
}

const BLANK = {
  text: "",
  reasoning: "",
  model: null,
  generation: null,
  running: false,
  cursor: 0,
  outcome: null,
  left_out: 0,
  created_at: "",
} as const;

/** Whether the server has not given this message its id yet: it can be seen, and not yet be named. */
export function isUnnamed(message: Message, turns: readonly Turn[]): boolean {
  return turns.some(
    (turn) =>
      turn.start === null && (message.id === replyId(turn) || message.id === ownQuestionId(turn)),
  );
}

function ownQuestionId(turn: Turn): string | null {
  return turn.question === null ? null : questionId(turn);
}
