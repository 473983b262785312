/** The elements that stand for the texts which they replaced. */
const standIns = new WeakMap<Node, ChildNode>();
const originals = new WeakMap<Node, Text>();
const parents = new WeakSet<Node>();

/**
 * Lets the browser translate the page while it changes. A translation replaces texts by `<font>` elements, but React
 * goes on with the texts: it would fail where it removes one, and change it where nobody sees it.
 *
 * @returns a function that ends this
 */
export function allowBrowserTranslation(root: Node): () => void {
  const observer = new MutationObserver((records) => {
    for (const { target, removedNodes, addedNodes, previousSibling, nextSibling } of records) {
      const [removed] = removedNodes;
      if (removed === undefined || removed.parentNode !== null) continue;
      const original = removed instanceof Text ? removed : originals.get(removed);
      if (original === undefined) continue;
      if (original.parentNode === target) {
        // The translation was taken back.
        forget(original);
        continue;
      }
      const standIn = [...addedNodes, previousSibling, nextSibling].find(
        (node) => node?.parentNode === target && node.nodeName === "FONT" && !originals.has(node),
      );
      if (standIn != null) replace(original, standIn as Element, target);
    }
  });
  observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
}

function replace(text: Text, standIn: ChildNode, parent: Node): void {
  standIns.set(text, standIn);
  originals.set(standIn, text);
  Object.defineProperty(text, "nodeValue", {
    configurable: true,
    get: () => text.data,
    set: (value: string) => {
      forget(text)?.replaceWith(text);
      text.nodeValue = value;
    },
  });
  if (parents.has(parent)) return;
  parents.add(parent);
  parent.removeChild = <T extends Node>(child: T): T => {
    const removed = forget(child) ?? child;
    Node.prototype.removeChild.call(parent, removed);
    return child;
  };
  parent.appendChild = <T extends Node>(node: T): T => {
    forget(node)?.remove();
    return Node.prototype.appendChild.call(parent, node) as T;
  };
  parent.insertBefore = <T extends Node>(node: T, before: Node | null): T => {
    forget(node)?.remove();
    const next = before === null ? null : (standIns.get(before) ?? before);
    Node.prototype.insertBefore.call(parent, node, next);
    return node;
  };
}

/** Ends the replacement of a text and returns what stood for it. */
function forget(text: Node): ChildNode | undefined {
  const standIn = standIns.get(text);
  if (standIn === undefined) return undefined;
  standIns.delete(text);
  originals.delete(standIn);
  Reflect.deleteProperty(text, "nodeValue");
  return standIn;
}
