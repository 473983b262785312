import { useEffect, useRef, useState } from "react";
import { onNextFrame } from "../../generation/frame";
import { Markdown } from "../../markdown/markdown";
import type { End } from "../../markdown/parse/document";
import { usePreferences } from "../../preferences/use-preferences";
import { useMedia } from "../../ui/use-media";
import { advance, flowOf } from "./smoothing";

interface SmoothedMarkdownProps {
  readonly text: string;
  readonly end: End;
}

/** Draws Markdown as it arrives, or evened out where the person prefers that. */
export function SmoothedMarkdown(props: SmoothedMarkdownProps) {
  return usePreferences().isTextEven ? <EvenMarkdown {...props} /> : <Markdown {...props} />;
}

/** Where motion is to be reduced, nothing moves by itself: text comes as it arrives. */
function EvenMarkdown(props: SmoothedMarkdownProps) {
  const isStill = useMedia("(prefers-reduced-motion: reduce)");
  return isStill ? <Markdown {...props} /> : <GrowingMarkdown {...props} />;
}

/** Text that comes in bursts grows evenly. What is there at first is shown at once. */
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
