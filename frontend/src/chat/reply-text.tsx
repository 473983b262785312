import type { End } from "../markdown/document";
import { TypingCursor } from "../markdown/typing-cursor";
import { useMarkdown } from "./use-markdown";

interface ReplyTextProps {
  readonly text: string;
  readonly end: End;
}

/** What a model said: as Markdown, or where what draws that cannot be had, as it was written. */
export function ReplyText({ text, end }: ReplyTextProps) {
  const Markdown = useMarkdown();
  if (Markdown) return <Markdown text={text} end={end} />;
  return (
    <div className="whitespace-pre-wrap">
      {Markdown === null && text}
      {end === "open" && <TypingCursor />}
    </div>
  );
}
