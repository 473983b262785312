/**
 * Lets a text node of React grow at its end. React sets `nodeValue`, which replaces the text: that would drop a
 * selection in it with each word, and the browser would shape all of it again.
 */
export function growInPlace(text: Text): void {
  if (Object.hasOwn(text, "nodeValue")) return;
  Object.defineProperty(text, "nodeValue", {
    configurable: true,
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

/** The last text node in a node; null if the node ends with something else. */
export function lastText(node: Node | null): Text | null {
  let last = node;
  while (last?.lastChild != null) last = last.lastChild;
  return last instanceof Text ? last : null;
}
