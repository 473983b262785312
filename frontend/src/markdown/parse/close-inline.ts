import { type Bracket, OpenSyntax } from "./open-syntax";

/**
 * Closes the code span and leaves out the brackets that are open at the end of a text. What cannot be shown before it
 * is complete, such as a formula or a URL, is held back.
 */
export function closeInline(text: string): string {
  const open = new OpenSyntax(text);
  const hidden = [...open.hidden, ...open.brackets];
  return withoutBrackets(text.slice(0, open.end), hidden) + open.codeCloser;
}

function withoutBrackets(text: string, brackets: readonly Bracket[]): string {
  let shown = "";
  let start = 0;
  for (const { at, length } of brackets.toSorted((one, other) => one.at - other.at)) {
    shown += text.slice(start, at);
    start = at + length;
  }
  return shown + text.slice(start);
}
