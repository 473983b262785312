import type { Message } from "../../api/schema";
import { addPart, type Part, partsOf } from "../../generation/parts";
import { newestDescendant, siblingsOf } from "./branches";
import { branchTo, type MessageTree } from "./message-tree";

/** The branches at a message: the position of the shown one, from 1, and the leaves of its neighbours. */
export interface Fork {
  readonly position: number;
  readonly count: number;
  readonly previous: string | null;
  readonly next: string | null;
}

/** A row of a thread: a user message, or a reply with its continuations. */
export interface Entry {
  /** The id of the first message, so that a continuation does not change it. */
  readonly key: string;
  readonly role: Message["role"];
  readonly messages: readonly [Message, ...Message[]];
  readonly forks: readonly Fork[];
}

/** The rows of the branch that ends with `leaf`. */
export function entriesOf(tree: MessageTree<Message>, leaf: string | null): readonly Entry[] {
  const entries: Entry[] = [];
  for (const message of branchTo(tree, leaf)) {
    const last = entries.at(-1);
    if (message.role === "assistant" && last?.role === "assistant") {
      const forks = [...last.forks, ...forksAt(tree, message)];
      entries[entries.length - 1] = { ...last, messages: [...last.messages, message], forks };
    } else {
      const { id: key, role } = message;
      entries.push({ key, role, messages: [message], forks: forksAt(tree, message) });
    }
  }
  return entries;
}

function forksAt(tree: MessageTree<Message>, message: Message): readonly Fork[] {
  const siblings = siblingsOf(tree, message);
  if (siblings.length < 2) return [];
  const at = siblings.indexOf(message);
  const leading = (sibling: Message | undefined) =>
    sibling === undefined ? null : newestDescendant(tree, sibling.id);
  return [
    {
      position: at + 1,
      count: siblings.length,
      previous: leading(siblings[at - 1]),
      next: leading(siblings[at + 1]),
    },
  ];
}

/** The last message of an entry, which may be running and can be continued. */
export function lastMessage({ messages }: Entry): Message {
  return messages.at(-1) ?? messages[0];
}

/** The parts of all messages but the last one. */
export function partsBefore({ messages }: Entry): readonly Part[] {
  return messages.slice(0, -1).flatMap(partsOf).reduce<readonly Part[]>(addPart, []);
}

/** Whether two entries look the same. */
export function isSameEntry(one: Entry, other: Entry): boolean {
  return (
    one === other ||
    (one.key === other.key &&
      one.messages.length === other.messages.length &&
      one.messages.every((message, index) => message === other.messages[index]) &&
      JSON.stringify(one.forks) === JSON.stringify(other.forks))
  );
}
