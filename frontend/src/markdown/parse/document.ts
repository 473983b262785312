import type { Token } from "marked";
import { codeText } from "./fence";
import { endsInsideFence, endsWithTable, isOpenFence, settle, withTableHeader } from "./hold-back";
import { AWAITED } from "./join-formulas";
import { type Blocks, type Definitions, lexBlocks } from "./syntax";

const GROUP_SIZE = 16;

/**
 * Markdown that grows at its end. A **finished** block is one that no later text can change. It is never parsed
 * again, so that the cost of a frame does not depend on the length of the reply.
 */
export interface MarkdownDocument {
  readonly text: string;
  /** Finished blocks in groups; only the last group may be partly filled. */
  readonly finished: readonly (readonly Token[])[];
  /** The blocks of `tail`, ready to be rendered. */
  readonly open: readonly Token[];
  /** The end of the text, which is parsed again each time. Its line ends are `\n`. */
  readonly tail: string;
  readonly finishedDefinitions: Definitions;
  /** The definitions of all blocks. */
  readonly definitions: Definitions;
  readonly end: End;
}

/** How a text ends: it may grow (`open`), it was cut off, or it is complete. */
export type End = "open" | "cut" | "complete";

export const EMPTY_DOCUMENT: MarkdownDocument = {
  text: "",
  finished: [],
  open: [],
  tail: "",
  finishedDefinitions: new Map(),
  definitions: new Map(),
  end: "open",
};

/** Parses what was added to the text. A text that does not continue the known one is parsed from its start. */
export function grow(document: MarkdownDocument, text: string, end: End): MarkdownDocument {
  if (document.text === text && document.end === end) return document;
  if (!beginsWith(text, document.text)) return grow(EMPTY_DOCUMENT, text, end);
  const added = text.slice(document.text.length);
  const openFence = end === "open" ? growOpenFence(document, added) : null;
  if (openFence !== null) return { ...document, ...openFence, text };
  const tail = normalizeLineEnds(document.tail + added);
  const blocks = lexBlocks(tail);
  const finished = finishedPart(tail, blocks);
  const rest = tail.slice(finished.length);
  const open = openBlocks(rest, finished.length === 0 ? blocks : lexBlocks(rest), end);
  const finishedDefinitions =
    blocks.definitions.size === 0
      ? document.finishedDefinitions
      : addDefinitions(
          document.finishedDefinitions,
          lexBlocks(tail.slice(0, finished.length)).definitions,
        );
  const definitions = addDefinitions(finishedDefinitions, open.definitions);
  return {
    text,
    finished: addToGroups(document.finished, drawn(finished.tokens)),
    open: drawn(open.tokens),
    tail: rest,
    finishedDefinitions,
    definitions: sameDefinitions(document.definitions, definitions)
      ? document.definitions
      : definitions,
    end,
  };
}

/** All blocks of a document in groups. Unchanged groups are the same arrays as before. */
export function groupsOf({ finished, open }: MarkdownDocument): readonly (readonly Token[])[] {
  return addToGroups(finished, open);
}

// A block is finished once a blank line and a complete line of the next block follow. Anything less may still
// belong to the list, table or quote above.
function finishedPart(tail: string, blocks: Blocks) {
  let offset = 0;
  let finished = { length: 0, tokens: blocks.tokens.slice(0, 0) };
  let cuts: ReadonlySet<number> | undefined;
  for (const [index, token] of blocks.tokens.entries()) {
    if (!tail.startsWith(token.raw, offset)) break;
    if (token.type !== "space" && offset > 0) {
      if (tail.indexOf("\n", offset) === -1) break;
      cuts ??= blocks.cuts();
      if (cuts.has(offset)) finished = { length: offset, tokens: blocks.tokens.slice(0, index) };
    }
    offset += token.raw.length;
  }
  return finished;
}

function openBlocks(tail: string, blocks: Blocks, end: End): Blocks {
  if (end !== "open") return blocks;
  const awaitsFormula = blocks.openFormula < tail.length;
  const isInFence = !awaitsFormula && endsInsideFence(blocks.tokens);
  const settled = awaitsFormula
    ? tail.slice(0, blocks.openFormula) + AWAITED
    : settle(tail, isInFence);
  const withHeader = isInFence ? settled : withTableHeader(settled);
  if (withHeader !== settled) {
    const withTable = lexBlocks(withHeader);
    if (endsWithTable(withTable.tokens)) return withTable;
  }
  return settled === tail ? blocks : lexBlocks(settled);
}

// Lines that cannot close an open code block at the end are appended to it, so that a long program is not parsed
// again with each of its lines.
function growOpenFence({ open, tail }: MarkdownDocument, added: string) {
  const block = open.at(-1);
  const lineStart = tail.lastIndexOf("\n") + 1;
  if (block?.type !== "code" || !/^(?:```|~~~).*\n/.test(block.raw) || !tail.endsWith(block.raw)) {
    return null;
  }
  const line = tail.slice(lineStart);
  if (lineStart === 0 || !isOpenFence(block.raw) || /\r|^[ \t>]*[`~]/m.test(line + added))
    return null;
  const raw = block.raw + added;
  const text = codeText(raw.slice(raw.indexOf("\n") + 1));
  return { open: [...open.slice(0, -1), { ...block, raw, text }], tail: tail + added };
}

/** The blocks that are drawn. The last one gets the blank lines after it, which end its text. */
function drawn(tokens: readonly Token[]): readonly Token[] {
  const blocks = tokens.filter(({ type }) => type !== "space" && type !== "def");
  const last = blocks.at(-1);
  const after = tokens.at(-1);
  if (last === undefined || last === after || after?.type !== "space") return blocks;
  return [...blocks.slice(0, -1), { ...last, raw: last.raw + after.raw }];
}

function addToGroups(groups: readonly (readonly Token[])[], blocks: readonly Token[]) {
  if (blocks.length === 0) return groups;
  const last = groups.at(-1);
  const room = last === undefined || last.length === GROUP_SIZE ? [] : last;
  const kept = room.length === 0 ? groups : groups.slice(0, -1);
  const all = [...room, ...blocks];
  const added: (readonly Token[])[] = [];
  for (let at = 0; at < all.length; at += GROUP_SIZE) added.push(all.slice(at, at + GROUP_SIZE));
  return [...kept, ...added];
}

function addDefinitions(known: Definitions, more: Definitions): Definitions {
  const added = [...more].filter(([label]) => !known.has(label));
  return added.length === 0 ? known : new Map([...known, ...added]);
}

function sameDefinitions(one: Definitions, other: Definitions): boolean {
  return one.size === other.size && [...one].every(([label, href]) => other.get(label) === href);
}

// Like `startsWith`, but several times faster: engines compare whole strings with memcmp.
function beginsWith(text: string, beginning: string): boolean {
  return text.slice(0, beginning.length) === beginning;
}

// A `\r` at the very end may be the first half of a `\r\n`, so it is left for the next call.
function normalizeLineEnds(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n|\r(?!\n|$)/g, "\n") : text;
}
