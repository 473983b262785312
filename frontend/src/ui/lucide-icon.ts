import type { LucideIcon } from "lucide-react";
import { createElement, forwardRef } from "react";

type Shape = readonly [tag: string, attributes: Readonly<Record<string, string>>];

/**
 * Creates an icon component. vite.config.ts substitutes it for that of lucide-react, whose options (colour, size,
 * stroke width, labels) the page does not use.
 */
export default function lucideIcon({ node }: { node: readonly Shape[] }): LucideIcon {
  return forwardRef((props, ref) =>
    createElement(
      "svg",
      { ref, ...LOOK, ...props },
      node.map(([tag, attributes]) => createElement(tag, attributes)),
    ),
  );
}

const LOOK = {
  xmlns: "http://www.w3.org/2000/svg",
  width: 24,
  height: 24,
  viewBox: "0 0 24 24",
  fill: "none",
  stroke: "currentColor",
  strokeWidth: 2,
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;
