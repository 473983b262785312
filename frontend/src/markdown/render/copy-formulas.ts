/**
 * Copies the selection with its formulas as TeX, because the characters of a rendered formula are meaningless in a
 * line of text. A partly selected formula is copied whole. Without formulas, the browser copies.
 */
export function copyFormulas(event: ClipboardEvent): void {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed || event.defaultPrevented) return;
  const range = selection.getRangeAt(0).cloneRange();
  const formulas = [...document.querySelectorAll<HTMLElement>(".formula[data-tex]")].filter(
    (formula) => isPartOf(range, formula),
  );
  const [first, last] = [formulas[0], formulas.at(-1)];
  if (first === undefined || last === undefined || event.clipboardData === null) return;
  if (first.contains(range.startContainer)) range.setStartBefore(first);
  if (last.contains(range.endContainer)) range.setEndAfter(last);
  event.preventDefault();
  event.clipboardData.setData("text/html", markupOf(range));
  event.clipboardData.setData("text/plain", textOf(selection, range, formulas));
}

/** Whether the range contains some of the formula. A range that only touches its edge does not. */
function isPartOf(range: Range, formula: HTMLElement): boolean {
  const inside = document.createRange();
  inside.selectNodeContents(formula);
  return (
    range.compareBoundaryPoints(Range.START_TO_END, inside) > 0 &&
    range.compareBoundaryPoints(Range.END_TO_START, inside) < 0
  );
}

function markupOf(range: Range): string {
  const copy = document.createElement("div");
  copy.append(range.cloneContents());
  for (const control of copy.querySelectorAll("button, .sr-only, .select-none")) control.remove();
  return copy.innerHTML;
}

// Only the browser can turn a selection into text, so formulas are replaced by their TeX while it does.
function textOf(selection: Selection, range: Range, formulas: readonly HTMLElement[]): string {
  const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
  selection.removeAllRanges();
  selection.addRange(range);
  const drawn = formulas.map((formula) => [...formula.childNodes]);
  for (const formula of formulas) formula.replaceChildren(sourceOf(formula));
  const text = selection.toString();
  for (const [index, formula] of formulas.entries())
    formula.replaceChildren(...(drawn[index] ?? []));
  if (anchorNode !== null && focusNode !== null) {
    selection.setBaseAndExtent(anchorNode, anchorOffset, focusNode, focusOffset);
  }
  return text;
}

function sourceOf({ dataset: { tex = "" }, classList }: HTMLElement): HTMLElement {
  const source = document.createElement("span");
  source.className = "whitespace-pre";
  const sign = classList.contains("formula-display") ? "$$" : "$";
  source.textContent = sign + tex.trim() + sign;
  return source;
}
