import type { Token } from "marked";
import { memo, useId, useMemo, useState } from "react";
import { EMPTY_DOCUMENT, type End, groupsOf, grow } from "./parse/document";
import { Block, hostsCursor } from "./render/block";
import { endOfLast } from "./render/block-end";
import { DocumentContext } from "./render/document-context";
import { inSections, sameSection } from "./render/sections";
import { TypingCursor } from "./render/typing-cursor";
import { usePauseMark } from "./render/use-pause-mark";
import "./markdown.css";

interface MarkdownProps {
  readonly text: string;
  readonly end: End;
}

/** Renders Markdown that may still grow. Raw HTML is rendered as text, images as links. */
export function Markdown({ text, end }: MarkdownProps) {
  const [document, setDocument] = useState(() => grow(EMPTY_DOCUMENT, text, end));
  const current = grow(document, text, end);
  if (current !== document) setDocument(current);
  const id = useId();
  const { definitions } = current;
  const context = useMemo(
    () => ({ id, definitions, isOpen: end === "open" }),
    [id, definitions, end],
  );
  const root = usePauseMark(text, end === "open");
  const groups = groupsOf(current);
  const sections = inSections(groups);
  return (
    <DocumentContext value={context}>
      <div ref={root} className="markdown">
        {sections.map((section, index) => (
          <Section
            // biome-ignore lint/suspicious/noArrayIndexKey: sections are only ever added at the end
            key={index}
            groups={section}
            end={index === sections.length - 1 ? end : "complete"}
          />
        ))}
        {end === "open" && !hostsCursor(groups.at(-1)?.at(-1)) && <TypingCursor />}
      </div>
    </DocumentContext>
  );
}

interface SectionProps {
  readonly groups: readonly (readonly Token[])[];
  readonly end: End;
}

/** Several groups. React compares a finished section once instead of each of its groups. */
const Section = memo(
  function Section({ groups, end }: SectionProps) {
    return groups.map((blocks, index) => (
      <Group
        // biome-ignore lint/suspicious/noArrayIndexKey: groups are only ever added at the end
        key={index}
        blocks={blocks}
        end={index === groups.length - 1 ? end : "complete"}
      />
    ));
  },
  (before, after) =>
    before.end === after.end &&
    sameSection(before.groups, after.groups, (one, other) => one === other),
);

interface GroupProps {
  readonly blocks: readonly Token[];
  readonly end: End;
}

const Group = memo(function Group({ blocks, end }: GroupProps) {
  return (
    <div className={end === "complete" ? "block-group finished" : "block-group"}>
      {blocks.map((token, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only ever added at the end
          key={index}
          dir="auto"
        >
          <Block
            token={token}
            end={index === blocks.length - 1 ? endOfLast(token, end) : "complete"}
          />
          {"\n"}
        </div>
      ))}
    </div>
  );
});
