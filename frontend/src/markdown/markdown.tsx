import type { Token } from "marked";
import { memo, useId, useMemo, useState } from "react";
import { EMPTY_DOCUMENT, type End, groupsOf, grow } from "./parse/document";
import { Block, hostsCursor, type Openness } from "./render/block";
import { DocumentContext } from "./render/document-context";
import { inSections, sameSection } from "./render/sections";
import { TypingCursor } from "./render/typing-cursor";
import { usePauseMark } from "./render/use-pause-mark";
import "./markdown.css";

interface MarkdownProps {
  readonly text: string;
  readonly end: End;
}

/** Draws Markdown that may still be growing. Raw HTML is text, and images are links. */
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
  const openness = { open: "typing", cut: "unfinished", complete: "finished" } as const;
  return (
    <DocumentContext value={context}>
      <div ref={root} className="markdown">
        {sections.map((section, index) => (
          <Section
            // biome-ignore lint/suspicious/noArrayIndexKey: sections are only ever added at the end
            key={index}
            groups={section}
            openness={index === sections.length - 1 ? openness[end] : "finished"}
          />
        ))}
        {end === "open" && !hostsCursor(groups.at(-1)?.at(-1)) && <TypingCursor />}
      </div>
    </DocumentContext>
  );
}

interface SectionProps {
  readonly groups: readonly (readonly Token[])[];
  readonly openness: Openness;
}

/** Some groups. What is finished is only looked at once for all of them. */
const Section = memo(
  function Section({ groups, openness }: SectionProps) {
    return groups.map((blocks, index) => (
      <Group
        // biome-ignore lint/suspicious/noArrayIndexKey: groups are only ever added at the end
        key={index}
        blocks={blocks}
        openness={index === groups.length - 1 ? openness : "finished"}
      />
    ));
  },
  (before, after) =>
    before.openness === after.openness &&
    sameSection(before.groups, after.groups, (one, other) => one === other),
);

interface GroupProps {
  readonly blocks: readonly Token[];
  readonly openness: Openness;
}

const Group = memo(function Group({ blocks, openness }: GroupProps) {
  return (
    <div className={openness === "finished" ? "block-group finished" : "block-group"}>
      {blocks.map((token, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only ever added at the end
          key={index}
          // From left to right or from right to left, as its text is.
          dir="auto"
        >
          <Block token={token} openness={index === blocks.length - 1 ? openness : "finished"} />
          {"\n"}
        </div>
      ))}
    </div>
  );
});
