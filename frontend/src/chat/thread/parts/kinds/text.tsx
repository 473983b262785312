import type { TextPart } from "../../../../generation/parts";
import { TypingCursor } from "../../../../markdown/render/typing-cursor";
import { Optional } from "../../../../ui/optional-boundary";
import { useMarkdown } from "../../use-markdown";
import type { DrawnKind, PartProps } from "../registry";

/** Text as Markdown; as plain text if the Markdown module cannot be loaded or throws an error. */
function Text({ part: { text }, end }: PartProps<TextPart>) {
  const Markdown = useMarkdown();
  const plain = (
    <div className="whitespace-pre-wrap">
      {Markdown !== undefined && text}
      {end === "open" && <TypingCursor />}
    </div>
  );
  return (
    <div data-testid="reply-text">
      {Markdown ? (
        <Optional lost={plain}>
          <Markdown text={text} end={end} />
        </Optional>
      ) : (
        plain
      )}
    </div>
  );
}

export default { type: "text", View: Text } satisfies DrawnKind<TextPart>;
