import { code } from "@streamdown/code";
import { Streamdown } from "streamdown";

const PLUGINS = { code };

/** With the plug-in for highlighting. */
export default function Highlighting({ text, isOver }: { text: string; isOver: boolean }) {
  return (
    <Streamdown plugins={PLUGINS} isAnimating={!isOver}>
      {text}
    </Streamdown>
  );
}
