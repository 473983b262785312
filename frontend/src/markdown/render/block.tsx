import type { MarkedToken, Token, Tokens } from "marked";
import { memo, type ReactNode } from "react";
import { useLanguage } from "../../language/language-context";
import { CodeBlock } from "../code/code-block";
import { Diagram } from "../diagram/diagram";
import type { FootnoteToken } from "../parse/footnote-syntax";
import { isOpenFence } from "../parse/hold-back";
import { Footnote } from "./footnote";
import { Inline } from "./inline";
import { inSections, SECTION_SIZE, sameSection } from "./sections";
import { Table } from "./table";
import { TypingCursor } from "./typing-cursor";

/** Whether a block can still change, and whether the typing cursor stands at its end. */
export type Openness = "finished" | "unfinished" | "typing";

interface BlockProps {
  readonly token: Token;
  readonly openness: Openness;
}

/**
 * One block. Blocks are compared by what they say, not by where they are or which object they came in:
 * only so does a block that was read again, and found the same, cost nothing.
 */
export const Block = memo(
  ({ token, openness }: BlockProps) => drawBlock(token as MarkedToken | FootnoteToken, openness),
  (before, after) =>
    before.openness === after.openness &&
    before.token.type === after.token.type &&
    before.token.raw === after.token.raw,
);

function drawBlock(token: MarkedToken | FootnoteToken, openness: Openness): ReactNode {
  switch (token.type) {
    case "paragraph":
      return <p>{text(token.text, openness)}</p>;
    case "text":
      return text(token.text, openness);
    case "heading":
      return <Heading heading={token} openness={openness} />;
    case "code":
      return drawCode(token, openness === "typing" && isOpenFence(token.raw));
    case "blockquote":
      return <blockquote>{drawBlocks(token.tokens, openness)}</blockquote>;
    case "list":
      return <List list={token} openness={openness} />;
    case "table":
      return <Table table={token} openness={openness} />;
    case "footnote":
      return <Footnote label={token.label}>{drawBlocks(token.tokens, openness)}</Footnote>;
    case "hr":
      return <hr />;
    case "space":
    case "def":
      return null;
    default:
      return token.raw;
  }
}

function drawCode(token: Tokens.Code, isOpen: boolean): ReactNode {
  const language = languageOf(token);
  if (language === "mermaid") return <Diagram code={token.text} isOpen={isOpen} />;
  return <CodeBlock code={token.text} language={language} isOpen={isOpen} />;
}

function drawBlocks(tokens: readonly Token[], openness: Openness): ReactNode {
  return tokens.map((token, index) => (
    <Block
      // biome-ignore lint/suspicious/noArrayIndexKey: the place of a block is its identity
      key={index}
      token={token}
      openness={index === tokens.length - 1 ? openness : "finished"}
    />
  ));
}

function text(source: string, openness: Openness): ReactNode {
  return (
    <>
      <Inline text={source} unfinished={openness !== "finished"} />
      {openness === "typing" && <TypingCursor />}
    </>
  );
}

function Heading({ heading, openness }: { heading: Tokens.Heading; openness: Openness }) {
  // A reply is inside a page that has its own first two levels. Few models begin with the first one: to who
  // goes from heading to heading, the second is as high.
  const Tag = `h${Math.max(3, Math.min(6, heading.depth + 1))}` as "h3" | "h4" | "h5" | "h6";
  return <Tag data-depth={heading.depth}>{text(heading.text, openness)}</Tag>;
}

/**
 * A list. Its items are drawn in sections, each an element of its own: in a list that grows very long, the
 * finished ones cost nothing any more.
 */
function List({ list, openness }: { list: Tokens.List; openness: Openness }) {
  const sections = inSections(list.items);
  const isLong = sections.length > 1;
  return (
    <div role={isLong ? "list" : undefined}>
      {sections.map((items, index) => (
        <Section
          // biome-ignore lint/suspicious/noArrayIndexKey: sections are only ever added at the end
          key={index}
          items={items}
          start={list.ordered ? Number(list.start) + index * SECTION_SIZE : null}
          isLong={isLong}
          openness={index === sections.length - 1 ? openness : "finished"}
        />
      ))}
    </div>
  );
}

interface SectionProps {
  readonly items: readonly Tokens.ListItem[];
  /** The number of the first item; null where they have none. */
  readonly start: number | null;
  readonly isLong: boolean;
  readonly openness: Openness;
}

const Section = memo(
  function Section({ items, start, isLong, openness }: SectionProps) {
    const drawn = items.map((item, index) => (
      <ListItem
        // biome-ignore lint/suspicious/noArrayIndexKey: the place of an item is its identity
        key={index}
        item={item}
        isLong={isLong}
        openness={index === items.length - 1 ? openness : "finished"}
      />
    ));
    const props = {
      // The sections are no lists of their own: all of them together are one.
      role: isLong ? "presentation" : undefined,
      className: isLong && openness === "finished" ? "finished" : undefined,
    };
    return start === null ? (
      <ul {...props}>{drawn}</ul>
    ) : (
      <ol start={start} {...props}>
        {drawn}
      </ol>
    );
  },
  (before, after) =>
    before.isLong === after.isLong &&
    before.start === after.start &&
    before.openness === after.openness &&
    sameSection(before.items, after.items, sameItem),
);

interface ListItemProps {
  readonly item: Tokens.ListItem;
  readonly isLong: boolean;
  readonly openness: Openness;
}

function TaskBox({ isDone }: { isDone: boolean }) {
  const { say } = useLanguage();
  return <input type="checkbox" checked={isDone} disabled aria-label={say("done")} />;
}

const ListItem = memo(
  ({ item, isLong, openness }: ListItemProps) => (
    <li className={item.task ? "task" : undefined} role={isLong ? "listitem" : undefined}>
      {item.task && <TaskBox isDone={item.checked === true} />}
      {drawBlocks(item.task ? withoutCheckbox(item.tokens) : item.tokens, openness)}
      {"\n"}
    </li>
  ),
  (before, after) =>
    before.isLong === after.isLong &&
    before.openness === after.openness &&
    sameItem(before.item, after.item),
);

function sameItem(one: Tokens.ListItem, other: Tokens.ListItem): boolean {
  return one.raw === other.raw && one.loose === other.loose;
}

// marked leaves the box of a task in its first paragraph, or before it, as the list is loose or not.
function withoutCheckbox(tokens: readonly Token[]): readonly Token[] {
  const [first, ...rest] = tokens.filter(({ type }) => type !== "checkbox");
  if (first?.type !== "paragraph" && first?.type !== "text") return tokens;
  return [{ ...first, text: first.text.replace(/^\[[ xX]\][ \t]+/, "") }, ...rest];
}

function languageOf(code: Tokens.Code): string {
  return /^\S+/.exec(code.lang ?? "")?.[0] ?? "";
}

/** Whether the typing cursor has a place inside this block; else it stands after it. */
export function hostsCursor(token: Token | undefined): boolean {
  switch (token?.type) {
    case "paragraph":
    case "text":
    case "heading":
    case "table":
      return true;
    case "code":
      return isOpenFence(token.raw);
    case "blockquote":
    case "footnote":
      return hostsCursor(token.tokens?.at(-1));
    case "list":
      return hostsCursor(token.items.at(-1)?.tokens.at(-1));
    default:
      return false;
  }
}
