/** Puts each text into elements, as browsers do that translate a page. */
export async function translate(container: Element, put: (text: Text, font: Element) => void) {
  const walker = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts.filter(({ data }) => data.trim() !== "")) {
    if (text.parentElement?.localName === "font") continue;
    const [outer, inner] = [document.createElement("font"), document.createElement("font")];
    inner.textContent = text.data.toUpperCase();
    outer.append(inner);
    put(text, outer);
  }
  await Promise.resolve();
}

export const replaceAtOnce = (text: Text, font: Element) => text.replaceWith(font);

export function insertAndRemove(text: Text, font: Element): void {
  text.parentNode?.insertBefore(font, text);
  text.remove();
}
