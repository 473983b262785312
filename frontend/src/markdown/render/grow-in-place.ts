/**
 * Lets a text that React draws grow at its end instead of being replaced, which is what `nodeValue` does: a
 * selection in it would be lost with each word, and the browser would shape all of it anew.
 */
export function growInPlace(text: Text): void {
  if (Object.hasOwn(text, "nodeValue")) return;
  Object.defineProperty(text, "nodeValue", {
    get: () => text.data,
    set: (next: string) => {
      const { data } = text;
      if (next.startsWith(data)) return text.appendData(next.slice(data.length));
      let same = 0;
      while (same < next.length && data[same] === next[same]) same += 1;
      text.replaceData(same, data.length - same, next.slice(same));
    },
  });
}

/** The last text in a node, or null where it ends with something else. */
export function lastText(node: Node | null): Text | null {
  let last = node;
  while (last?.lastChild != null) last = last.lastChild;
  return last instanceof Text ? last : null;
}
