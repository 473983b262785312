import { Fragment, type ReactNode, useEffect, useState } from "react";
import type { CodeNode } from "./highlight";

interface HighlightedCodeProps {
  readonly code: string;
  readonly language: string;
}

/** Code in colours, once what colours it has been loaded; the text is there from the beginning. */
export function HighlightedCode({ code, language }: HighlightedCodeProps): ReactNode {
  const [nodes, setNodes] = useState<readonly CodeNode[] | null>(null);
  useEffect(() => {
    let wanted = true;
    if (language === "") return;
    const draw = ({ highlight }: typeof import("./highlight")) => {
      if (wanted) setNodes(highlight(code, language));
    };
    // Where the colours cannot be had, the code stands without them.
    import("./highlight").then(draw, () => undefined);
    return () => {
      wanted = false;
    };
  }, [code, language]);
  return nodes === null ? code : drawNodes(nodes);
}

function drawNodes(nodes: readonly CodeNode[]): ReactNode {
  return nodes.map((node, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the nodes of one text never move
    <Fragment key={index}>
      {typeof node === "string" ? (
        node
      ) : (
        <span className={node.className}>{drawNodes(node.children)}</span>
      )}
    </Fragment>
  ));
}
