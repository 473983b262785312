import type { End } from "../../markdown/parse/document";
import { TypingCursor } from "../../markdown/render/typing-cursor";
import { Optional } from "../../ui/optional";
import { useMarkdown } from "./use-markdown";

interface ReplyTextProps {
  readonly text: string;
  readonly end: End;
}

/** What a model said: as Markdown, or where what draws that cannot be had or cannot do it, as it was written. */
export function ReplyText({ text, end }: ReplyTextProps) {
  const Markdown = useMarkdown();
  const plain = (
    <div className="whitespace-pre-wrap">
      {Markdown !== undefined && text}
      {end === "open" && <TypingCursor />}
    </div>
  );
  if (!Markdown) return plain;
  return (
    <Optional lost={plain}>
      <Markdown text={text} end={end} />
    </Optional>
  );
}
