import type { MessageTree, TreeNode } from "./message-tree";

/** The messages with the same parent, including `message`. */
export function siblingsOf<M extends TreeNode>(tree: MessageTree<M>, message: M): readonly M[] {
  return tree.after.get(tree.before.get(message.id)?.id ?? null) ?? [message];
}

/** The newest descendant of a message, or the message itself: the leaf of its newest branch. */
export function newestDescendant<M extends TreeNode>(tree: MessageTree<M>, id: string): string {
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
