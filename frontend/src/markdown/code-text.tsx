import { Fragment, memo, type ReactNode } from "react";
import type { CodeNode } from "./highlight";
import { useHighlight } from "./use-highlight";

const PIECE_LINES = 32;

interface CodeTextProps {
  readonly code: string;
  readonly language: string;
  readonly isOpen: boolean;
}

/** The text of a code block: coloured as far as that has come, then plain. */
export function CodeText({ code, language, isOpen }: CodeTextProps) {
  const { code: coloured, nodes } = useHighlight(code, language, isOpen);
  const plain = pieces(code.slice(coloured.length));
  return (
    <>
      <ColouredCode nodes={nodes} />
      {plain.map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces are only ever added at the end
        <Piece key={index} text={piece} isFull={index < plain.length - 1} />
      ))}
    </>
  );
}

// A block of its own: a new line of code then moves none of the pieces before it.
const Piece = memo(function Piece({ text, isFull }: { text: string; isFull: boolean }) {
  return isFull ? <span className="block">{text}</span> : text;
});

function pieces(text: string): readonly string[] {
  const cut: string[] = [];
  let start = 0;
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
    lines += 1;
    if (lines % PIECE_LINES !== 0) continue;
    cut.push(text.slice(start, at + 1));
    start = at + 1;
  }
  return start < text.length ? [...cut, text.slice(start)] : cut;
}

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
