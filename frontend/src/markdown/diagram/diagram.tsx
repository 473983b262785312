import { ChartNetwork, CodeXml } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useLanguage } from "../../language/language-context";
import { CodeBar, CodeBlock } from "../code/code-block";
import { CodeButton } from "../code/code-button";
import { type Drawing, draw } from "./drawing";
import { useIsDark } from "./use-is-dark";

interface DiagramProps {
  /** Mermaid source. */
  readonly code: string;
  readonly isOpen: boolean;
}

/** A diagram. Its source is shown until it is complete and drawn, and if it cannot be drawn. */
export function Diagram({ code, isOpen }: DiagramProps) {
  const { say } = useLanguage();
  const host = useRef<HTMLDivElement>(null);
  const isDark = useIsDark(host);
  const [drawn, setDrawn] = useState<{ readonly code: string; readonly drawing: Drawing | null }>();
  const [isSourceShown, showSource] = useState(false);
  const drawing = drawn?.code === code ? drawn.drawing : null;

  useEffect(() => {
    if (isOpen || isDark === null) return;
    let isWanted = true;
    void draw({ code, isDark }).then((result) => isWanted && setDrawn({ code, drawing: result }));
    return () => {
      isWanted = false;
    };
  }, [code, isOpen, isDark]);

  const toggle = drawing !== null && (
    <CodeButton
      icon={isSourceShown ? ChartNetwork : CodeXml}
      label={say(isSourceShown ? "showDiagram" : "showSource")}
      onClick={() => showSource(!isSourceShown)}
    />
  );
  return (
    <div ref={host}>
      {drawing === null || isSourceShown ? (
        <CodeBlock code={code} language="mermaid" isOpen={isOpen}>
          {toggle}
        </CodeBlock>
      ) : (
        <div className="code-block">
          <CodeBar code={code} language="mermaid">
            {toggle}
          </CodeBar>
          <div className="diagram">
            {/* An SVG in an img element can neither run scripts nor load anything. */}
            <img
              src={`data:image/svg+xml,${encodeURIComponent(drawing.svg)}`}
              width={drawing.width}
              height={drawing.height}
              alt={say("diagramOf", { source: code })}
            />
          </div>
        </div>
      )}
    </div>
  );
}
