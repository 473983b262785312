import { memo } from "react";
import type { Part } from "../../../generation/parts";
import type { End } from "../../../markdown/parse/document";
import { addDrawnKind, type DrawnKind, type PartProps, viewOf } from "./registry";

const KINDS = import.meta.glob<DrawnKind>(["./kinds/*.tsx", "!./kinds/*.test.tsx"], {
  eager: true,
  import: "default",
});
for (const kind of Object.values(KINDS)) addDrawnKind(kind);

interface PartsProps {
  readonly parts: readonly Part[];
  /** The end of the last part. */
  readonly end: End;
}

/** The parts of a reply in order. While more may arrive, the last one is text with the typing cursor. */
export function Parts({ parts, end }: PartsProps) {
  const last = parts.length - 1;
  const needsText = end === "open" ? parts[last]?.type !== "text" : parts.length === 0;
  return (
    <div className="space-y-4">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts are only ever added at the end
        <OnePart key={index} part={part} end={index === last ? end : "complete"} />
      ))}
      {needsText && <OnePart key={parts.length} part={NO_TEXT} end={end} />}
    </div>
  );
}

const NO_TEXT = { type: "text", text: "" };

const OnePart = memo(function OnePart({ part, end }: PartProps) {
  const View = viewOf(part);
  return View && <View part={part} end={end} />;
});
