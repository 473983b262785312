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
import { runSoon } from "./time-slice";

/** Highlighted code: text, or a span with a class. */
export type CodeNode =
  | string
  | { readonly className: string; readonly children: readonly CodeNode[] };

// One line can have any length, and highlighting takes too long beyond this many characters.
const LONGEST = 20_000;

const GRAMMARS = {
  ...common,
  ...{ dart, dockerfile, elixir, haskell, http, julia, latex, nginx, powershell, protobuf, scala },
};

const lowlight = createLowlight();

/** Resolves when all grammars are registered. Registering them in one task would cost a slow phone frames. */
export const ready: Promise<unknown> = Promise.all(
  Object.entries(GRAMMARS).map(
    ([name, grammar]) =>
      new Promise<void>((resolve) => {
        runSoon(() => {
          lowlight.register(name, grammar);
          resolve();
        });
      }),
  ),
);

/** Highlights code; null if the language is unknown or the code is too long. */
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
