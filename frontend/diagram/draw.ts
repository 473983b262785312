import script from "@mermaid-js/tiny/dist/mermaid.tiny.js?url";
import type { Drawing, DrawingRequest } from "../src/markdown/diagram/drawing";

/** The part of mermaid that is used. Its single script has no types. */
interface Mermaid {
  initialize(config: Readonly<Record<string, unknown>>): void;
  render(id: string, code: string): Promise<{ readonly svg: string }>;
}

const mermaid = load();
let last: Promise<unknown> = mermaid;

addEventListener("message", ({ source, data, ports }: MessageEvent<DrawingRequest>) => {
  if (source !== parent) return;
  // One after another, because mermaid's configuration is global.
  const drawing = last.then(() => draw(data)).catch(() => null);
  last = drawing;
  void drawing.then((result) => ports[0]?.postMessage(result));
});

async function load(): Promise<Mermaid> {
  const element = document.createElement("script");
  element.src = script;
  const loaded = new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = reject;
  });
  document.head.append(element);
  await loaded;
  return (globalThis as unknown as { mermaid: Mermaid }).mermaid;
}

async function draw({ code, isDark }: DrawingRequest): Promise<Drawing> {
  const { initialize, render } = await mermaid;
  initialize({
    startOnLoad: false,
    securityLevel: "strict",
    suppressErrorRendering: true,
    theme: isDark ? "dark" : "neutral",
    fontFamily: "ui-sans-serif, system-ui, sans-serif",
    // An SVG in an img element shows no HTML.
    htmlLabels: false,
    flowchart: { htmlLabels: false },
  });
  const { svg } = await render("diagram", code);
  return asPicture(svg);
}

/** A self-contained SVG with its size. */
function asPicture(svg: string): Drawing {
  const root = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
  const [, , width = 0, height = 0] = (root?.getAttribute("viewBox") ?? "")
    .split(/[\s,]+/)
    .map(Number);
  if (root === null || !(width > 0 && height > 0)) throw new Error("nothing was drawn");
  root.setAttribute("width", String(width));
  root.setAttribute("height", String(height));
  root.style.maxWidth = "";
  return { svg: new XMLSerializer().serializeToString(root), width, height };
}
