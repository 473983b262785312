import { useEffect, useRef, useState } from "react";
import { onNextFrame } from "../../generation/drawing-frame";
import { Markdown } from "../../markdown/markdown";
import type { End } from "../../markdown/parse/document";
import { usePreferences } from "../../preferences/preferences";
import { useMedia } from "../../ui/use-media";
import { advance, flowOf } from "./smoothing";

interface SmoothedMarkdownProps {
  readonly text: string;
  readonly end: End;
}

/** Markdown as it arrives, or smoothed if the person prefers that. */
export default function SmoothedMarkdown(props: SmoothedMarkdownProps) {
  return usePreferences().isTextEven ? <EvenMarkdown {...props} /> : <Markdown {...props} />;
}

/** With reduced motion, text is shown as it arrives. */
function EvenMarkdown(props: SmoothedMarkdownProps) {
  const isStill = useMedia("(prefers-reduced-motion: reduce)");
  return isStill ? <Markdown {...props} /> : <GrowingMarkdown {...props} />;
}

/** Text that arrives in bursts grows evenly. The initial text is shown at once. */
function GrowingMarkdown({ text, end }: SmoothedMarkdownProps) {
  const [flow, setFlow] = useState(() => flowOf(text, performance.now()));
  const latest = useRef({ text, end });
  latest.current = { text, end };
  const isBehind = flow.shown < text.length;

  useEffect(() => {
    if (!isBehind) return;
    let takeBack = onNextFrame(show);
    function show() {
      const { text, end } = latest.current;
      setFlow((flow) => advance(flow, text, end !== "open", performance.now()));
      takeBack = onNextFrame(show);
    }
    return () => takeBack();
  }, [isBehind]);

  if (!isBehind) return <Markdown text={text} end={end} />;
  return <Markdown text={text.slice(0, flow.shown)} end="open" />;
}
