import type { Message } from "../../api/schema";
import type { Start } from "../../generation/events";
import { NO_PARTS } from "../../generation/parts";
import { type Exchange, replyId } from "./exchange";

/**
 * The messages of a conversation, and the leaf of the branch to show. The messages of exchanges that are not saved yet
 * follow the saved ones. The latest unsaved exchange that is shown determines the branch; otherwise the saved leaf
 * does, or the newest message.
 */
export function withExchanges(
  saved: readonly Message[],
  leaf: string | null,
  exchanges: readonly Exchange[],
) {
  const known = new Set(saved.map(({ id }) => id));
  const unsaved = exchanges.filter((exchange) => !known.has(replyId(exchange)));
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

function messagesOf({ request }: Exchange): readonly Message[] {
  const { ids, model = null } = request;
  const { reply: id, generation } = ids;
  const reply = { ...BLANK, id, role: "assistant", model, generation, running: true } as const;
  if ("to" in request) return [{ ...reply, parent: request.to }];
  const { message: text, parent = "root" } = request;
  const question = { ...BLANK, id: request.ids.message, role: "user", text } as const;
  return [
    { ...question, parent: parent === "root" ? null : parent },
    { ...reply, parent: question.id },
  ];
}

/** The start event of a message that is a reply. */
export function startOf(message: Message, conversation: string): Start {
  const { id, generation, parent, model } = message;
  const names = { generation: generation ?? "", parent: parent ?? "", model: model ?? "" };
  return { ...names, conversation, message: id };
}

/** The members of a message that nothing is known about yet. */
export const BLANK: Omit<Message, "id" | "parent" | "role"> = {
  ...NO_PARTS,
  model: null,
  generation: null,
  running: false,
  cursor: 0,
  outcome: null,
  left_out: 0,
  created_at: "",
};
