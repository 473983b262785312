import dart from "highlight.js/lib/languages/dart";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import elixir from "highlight.js/lib/languages/elixir";
import haskell from "highlight.js/lib/languages/haskell";
import http from "highlight.js/lib/languages/http";
import julia from "highlight.js/lib/languages/julia";
import latex from "highlight.js/lib/languages/latex";
import nginx from "highlight.js/lib/languages/nginx";
import powershell from "highlight.js/lib/languages/powershell";
import protobuf from "highlight.js/lib/languages/protobuf";
import scala from "highlight.js/lib/languages/scala";
import { common, createLowlight } from "lowlight";
import { sendInOrder } from "./time-slice";

/** Coloured code: text, or a span of it in a colour. */
export type CodeNode =
  | string
  | { readonly className: string; readonly children: readonly CodeNode[] };

// Beyond this, colours cost more time than they give sense: one line may be as long as it likes.
const LONGEST = 20_000;

const GRAMMARS = {
  ...common,
  ...{ dart, dockerfile, elixir, haskell, http, julia, latex, nginx, powershell, protobuf, scala },
};

const lowlight = createLowlight();

/** When all languages are known. All of them at once would keep a slow phone from a frame or more. */
export const ready: Promise<unknown> = Promise.all(
  Object.entries(GRAMMARS).map(
    ([name, grammar]) =>
      new Promise<void>((resolve) => {
        sendInOrder(() => {
          lowlight.register(name, grammar);
          resolve();
        });
      }),
  ),
);

/** Finds what to colour; null where the language is not known or the code too long. */
export function highlight(code: string, language: string): readonly CodeNode[] | null {
  const name = language.toLowerCase();
  if (code.length > LONGEST || !lowlight.registered(name)) return null;
  return lowlight.highlight(name, code).children.flatMap(readNode);
}

type Node = ReturnType<typeof lowlight.highlight>["children"][number];

function readNode(node: Node): readonly CodeNode[] {
  if (node.type === "text") return [node.value];
  if (node.type !== "element") return [];
  const classes = node.properties.className;
  const className = Array.isArray(classes) ? classes.join(" ") : "";
  return [{ className, children: node.children.flatMap(readNode) }];
}
