import { Fragment, memo, type ReactNode } from "react";
import { codePieces } from "./code-pieces";
import type { CodeNode } from "./highlight";
import { useHighlight } from "./use-highlight";

interface CodeTextProps {
  readonly code: string;
  readonly language: string;
  readonly isOpen: boolean;
}

/** The text of a code block in pieces, of which only the last is ever rendered and highlighted again. */
export function CodeText({ code, language, isOpen }: CodeTextProps) {
  const pieces = codePieces(code);
  const last = pieces.length - 1;
  return pieces.map((piece, index) => (
    <Piece
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces are only ever added at the end
      key={index}
      text={piece}
      language={language}
      isOpen={isOpen && index === last}
      isLast={index === last}
    />
  ));
}

interface PieceProps {
  readonly text: string;
  readonly language: string;
  readonly isOpen: boolean;
  readonly isLast: boolean;
}

const Piece = memo(function Piece({ text, language, isOpen, isLast }: PieceProps) {
  const { code, nodes } = useHighlight(text, language, isOpen);
  return (
    // As blocks, finished pieces need no new layout when a line is added. The last one is inline, because the
    // cursor follows it.
    <span className={isLast ? undefined : "block"}>
      <ColouredCode nodes={nodes} />
      {text.slice(code.length)}
    </span>
  );
});

const ColouredCode = memo(function ColouredCode({ nodes }: { nodes: readonly CodeNode[] }) {
  return drawNodes(nodes);
});

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
