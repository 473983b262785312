import { ChartNetwork, CodeXml } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useLanguage } from "../language/language-context";
import { CodeBar, CodeBlock } from "./code-block";
import { CodeButton } from "./code-button";
import { type Drawing, draw } from "./drawing";

interface DiagramProps {
  /** In the language of mermaid. */
  readonly code: string;
  readonly isOpen: boolean;
}

/** A diagram: its source until it is whole and drawn, and where it cannot be. */
export function Diagram({ code, isOpen }: DiagramProps) {
  const { say } = useLanguage();
  const host = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<{ readonly code: string; readonly drawing: Drawing | null }>();
  const [isSourceShown, showSource] = useState(false);
  const drawing = drawn?.code === code ? drawn.drawing : null;

  useEffect(() => {
    if (isOpen || host.current === null) return;
    let isWanted = true;
    const request = { code, isDark: isDark(host.current) };
    void draw(request).then((result) => isWanted && setDrawn({ code, drawing: result }));
    return () => {
      isWanted = false;
    };
  }, [code, isOpen]);

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
            {/* A picture runs no scripts and loads nothing, whatever is in it. */}
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

/** Whether an element is drawn light on dark. */
function isDark(element: Element): boolean {
  const [red = 0, green = 0, blue = 0] = getComputedStyle(element).color.match(/[\d.]+/g) ?? [];
  return Number(red) + Number(green) + Number(blue) > 3 * 128;
}
