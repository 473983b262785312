import type { MarkedToken, Token, Tokens } from "marked";
import { memo, type ReactNode } from "react";
import { useLanguage } from "../../language/language-context";
import { CodeBlock } from "../code/code-block";
import { Diagram } from "../diagram/diagram";
import type { FootnoteToken } from "../parse/footnote-syntax";
import { isOpenFence } from "../parse/hold-back";
import type { DetailsToken } from "../parse/html-syntax";
import { type BlockEnd, hasCursor, mayGrow } from "./block-end";
import { Footnote } from "./footnote";
import { Inline } from "./inline";
import { inSections, SECTION_SIZE, sameSection } from "./sections";
import { Table } from "./table";
import { TypingCursor } from "./typing-cursor";

interface BlockProps {
  readonly token: Token;
  /** `open`: the block may grow, and the typing cursor is at its end. */
  readonly end: BlockEnd;
}

/**
 * One block. Blocks are compared by their source, not by position or identity. So a block that was parsed
 * again without a change is not rendered again.
 */
export const Block = memo(
  ({ token, end }: BlockProps) => drawBlock(token as BlockToken, end),
  (before, after) =>
    before.end === after.end &&
    before.token.type === after.token.type &&
    before.token.raw === after.token.raw,
);

type BlockToken = MarkedToken | FootnoteToken | DetailsToken;

function drawBlock(token: BlockToken, end: BlockEnd): ReactNode {
  switch (token.type) {
    case "paragraph":
      return <p>{text(token.text, end)}</p>;
    case "text":
      return text(token.text, end);
    case "heading":
      return <Heading heading={token} end={end} />;
    case "code":
      return drawCode(token, hasCursor(end) && isOpenFence(token.raw));
    case "blockquote":
      return <blockquote>{drawBlocks(token.tokens, end)}</blockquote>;
    case "list":
      return <List list={token} end={end} />;
    case "table":
      return <Table table={token} end={end} />;
    case "footnote":
      return <Footnote label={token.label}>{drawBlocks(token.tokens, end)}</Footnote>;
    case "details":
      return <Details details={token} end={end} />;
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

function drawBlocks(tokens: readonly Token[], end: BlockEnd): ReactNode {
  return tokens.map((token, index) => (
    <Block
      // biome-ignore lint/suspicious/noArrayIndexKey: a block keeps its position
      key={index}
      token={token}
      end={index === tokens.length - 1 ? end : "complete"}
    />
  ));
}

function text(source: string, end: BlockEnd): ReactNode {
  return (
    <>
      <Inline text={source} unfinished={mayGrow(end)} />
      {hasCursor(end) && <TypingCursor />}
    </>
  );
}

// The typing cursor is not inside, where it would be hidden.
function Details({ details, end }: { details: DetailsToken; end: BlockEnd }) {
  const { summary, tokens } = details;
  const summaryEnd = tokens.length === 0 ? end : "complete";
  return (
    <details>
      {summary !== null && (
        <summary>
          <Inline text={summary} unfinished={mayGrow(summaryEnd)} />
        </summary>
      )}
      {drawBlocks(tokens, mayGrow(end) ? "cut" : "complete")}
    </details>
  );
}

function Heading({ heading, end }: { heading: Tokens.Heading; end: BlockEnd }) {
  // The page itself uses the first two levels. Levels 1 and 2 of a reply both become h3, because few models
  // use level 1.
  const Tag = `h${Math.max(3, Math.min(6, heading.depth + 1))}` as "h3" | "h4" | "h5" | "h6";
  return <Tag data-depth={heading.depth}>{text(heading.text, end)}</Tag>;
}

/**
 * A list. Each section of its items is an element, so that the finished sections of a very long list cost
 * nothing while it grows.
 */
function List({ list, end }: { list: Tokens.List; end: BlockEnd }) {
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
          end={index === sections.length - 1 ? end : "complete"}
        />
      ))}
    </div>
  );
}

interface SectionProps {
  readonly items: readonly Tokens.ListItem[];
  /** The number of the first item; null in an unordered list. */
  readonly start: number | null;
  readonly isLong: boolean;
  readonly end: BlockEnd;
}

const Section = memo(
  function Section({ items, start, isLong, end }: SectionProps) {
    const drawn = items.map((item, index) => (
      <ListItem
        // biome-ignore lint/suspicious/noArrayIndexKey: an item keeps its position
        key={index}
        item={item}
        isLong={isLong}
        end={index === items.length - 1 ? end : "complete"}
      />
    ));
    const props = {
      // Assistive technology sees one list, not one for each section.
      role: isLong ? "presentation" : undefined,
      className: isLong && end === "complete" ? "finished" : undefined,
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
    before.end === after.end &&
    sameSection(before.items, after.items, sameItem),
);

interface ListItemProps {
  readonly item: Tokens.ListItem;
  readonly isLong: boolean;
  readonly end: BlockEnd;
}

function TaskBox({ isDone }: { isDone: boolean }) {
  const { say } = useLanguage();
  return <input type="checkbox" checked={isDone} disabled aria-label={say("done")} />;
}

const ListItem = memo(
  ({ item, isLong, end }: ListItemProps) => (
    <li className={item.task ? "task" : undefined} role={isLong ? "listitem" : undefined}>
      {item.task && <TaskBox isDone={item.checked === true} />}
      {drawBlocks(item.task ? withoutCheckbox(item.tokens) : item.tokens, end)}
      {"\n"}
    </li>
  ),
  (before, after) =>
    before.isLong === after.isLong && before.end === after.end && sameItem(before.item, after.item),
);

function sameItem(one: Tokens.ListItem, other: Tokens.ListItem): boolean {
  return one.raw === other.raw && one.loose === other.loose;
}

// In a loose list marked puts the checkbox into the first paragraph, in a tight list before it.
function withoutCheckbox(tokens: readonly Token[]): readonly Token[] {
  const [first, ...rest] = tokens.filter(({ type }) => type !== "checkbox");
  if (first?.type !== "paragraph" && first?.type !== "text") return tokens;
  return [{ ...first, text: first.text.replace(/^\[[ xX]\][ \t]+/, "") }, ...rest];
}

function languageOf(code: Tokens.Code): string {
  return /^\S+/.exec(code.lang ?? "")?.[0] ?? "";
}

/** Whether the typing cursor is drawn inside this block. Otherwise it follows the block. */
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
