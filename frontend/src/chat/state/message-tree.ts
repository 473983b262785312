/** What the tree needs to know of a message. */
export interface Placed {
  readonly id: string;
  /** The message before it; null where it begins the conversation. */
  readonly parent: string | null;
}

/** The messages of a conversation by their places. They are in the order in which they were made. */
export interface MessageTree<M extends Placed> {
  readonly byId: ReadonlyMap<string, M>;
  /** The message before a message; none before those that begin the conversation. */
  readonly before: ReadonlyMap<string, M>;
  /** The messages after a message; those after null begin the conversation. */
  readonly after: ReadonlyMap<string | null, readonly M[]>;
}

/**
 * Puts messages into their places. A message whose parent is not among them, or comes after it, begins
 * the conversation: so a damaged tree is shown in pieces instead of not at all, and has no circles.
 */
export function growTree<M extends Placed>(messages: readonly M[]): MessageTree<M> {
  const byId = new Map<string, M>();
  const before = new Map<string, M>();
  const after = new Map<string | null, M[]>();
  for (const message of messages) {
    const parent = byId.get(message.parent ?? "");
    if (parent !== undefined) before.set(message.id, parent);
    const siblings = after.get(parent?.id ?? null);
    if (siblings === undefined) after.set(parent?.id ?? null, [message]);
    else siblings.push(message);
    byId.set(message.id, message);
  }
  return { byId, before, after };
}

/** The branch that ends with the message `leaf`, from its beginning; empty where there is no such message. */
export function branchTo<M extends Placed>(
  tree: MessageTree<M>,
  leaf: string | null,
): readonly M[] {
  const branch: M[] = [];
  let at = tree.byId.get(leaf ?? "");
  for (; at !== undefined; at = tree.before.get(at.id)) branch.push(at);
  return branch.reverse();
}

/** The messages with the same parent, in the order in which they were made; `message` is one of them. */
export function siblingsOf<M extends Placed>(tree: MessageTree<M>, message: M): readonly M[] {
  return tree.after.get(tree.before.get(message.id)?.id ?? null) ?? [message];
}

/** The newest message behind this one, or itself: where a branch through it ends. */
export function newestBehind<M extends Placed>(tree: MessageTree<M>, id: string): string {
  const behind = new Set([id]);
  let newest = id;
  for (const message of tree.byId.values()) {
    const parent = tree.before.get(message.id);
    if (parent === undefined || !behind.has(parent.id)) continue;
    behind.add(message.id);
    newest = message.id;
  }
  return newest;
}

/** The last message that was made, whose branch is shown when nobody chose another. */
export function newestOf<M extends Placed>(tree: MessageTree<M>): string | null {
  return [...tree.byId.keys()].at(-1) ?? null;
}
