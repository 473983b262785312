import { type Bracket, OpenSyntax } from "./open-syntax";

/**
 * Closes the code span and leaves out the brackets that are open at the end of a text. What cannot be shown before it
 * is complete, such as a formula or a URL, is held back.
 */
export function closeInline(text: string): string {
  const open = new OpenSyntax(text);
  return withoutBrackets(text.slice(0, open.end), open.brackets) + open.codeCloser;
}

function withoutBrackets(text: string, brackets: readonly Bracket[]): string {
  let shown = "";
  let start = 0;
  for (const { at, length } of brackets) {
    shown += text.slice(start, at);
    start = at + length;
  }
  return shown + text.slice(start);
}
