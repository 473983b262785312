export interface TreeNode {
  readonly id: string;
  /** The message before it; null for a root. */
  readonly parent: string | null;
}

/** The messages of a conversation, in the order of their creation. */
export interface MessageTree<M extends TreeNode> {
  readonly byId: ReadonlyMap<string, M>;
  /** The parent of a message; absent for roots. */
  readonly before: ReadonlyMap<string, M>;
  /** The children of a message; those of null are the roots. */
  readonly after: ReadonlyMap<string | null, readonly M[]>;
}

/**
 * Builds the tree. A message whose parent is missing, or comes later, becomes a root. So a damaged tree is still shown,
 * and has no cycles.
 */
export function makeTree<M extends TreeNode>(messages: readonly M[]): MessageTree<M> {
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

/** The branch from its root to `leaf`; empty if there is no such message. */
export function branchTo<M extends TreeNode>(
  tree: MessageTree<M>,
  leaf: string | null,
): readonly M[] {
  const branch: M[] = [];
  let at = tree.byId.get(leaf ?? "");
  for (; at !== undefined; at = tree.before.get(at.id)) branch.push(at);
  return branch.reverse();
}
