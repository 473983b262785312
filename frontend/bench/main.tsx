import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { Markdown } from "../src/markdown/markdown";
import { replies } from "./replies";
import "../src/styles.css";

// About 3,800 characters a second at 60 frames a second.
const CHARACTERS_A_FRAME = 63.4;

interface Costs {
  /** Milliseconds of script, and of script, style and layout, for each frame. */
  readonly script: readonly number[];
  readonly all: readonly number[];
}

/** Draws a text that grows evenly, a frame at a time, and measures each frame. */
async function measure(text: string): Promise<Costs> {
  const host = document.createElement("div");
  document.body.replaceChildren(host);
  const root = createRoot(host);
  const script: number[] = [];
  const all: number[] = [];
  for (let length = 0; length < text.length; ) {
    length += CHARACTERS_A_FRAME;
    const shown = text.slice(0, Math.ceil(length));
    await new Promise(requestAnimationFrame);
    const before = performance.now();
    flushSync(() => root.render(<Markdown text={shown} end="open" />));
    script.push(performance.now() - before);
    scrollTo(0, document.body.scrollHeight);
    all.push(performance.now() - before);
  }
  root.unmount();
  return { script, all };
}

function mean(numbers: readonly number[]): string {
  return (numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toFixed(2);
}

function seconds(numbers: readonly number[]): string {
  return (numbers.reduce((sum, number) => sum + number, 0) / 1000).toFixed(2);
}

const report: string[] = [];
for (const [name, text] of Object.entries(replies())) {
  const { script, all } = await measure(text);
  report.push(
    `${name} (${text.length} characters): script ${seconds(script)} s, with layout ${seconds(all)} s over ${all.length} frames; ` +
      `a frame of the first 100 ${mean(all.slice(0, 100))} ms, of the last 100 ${mean(all.slice(-100))} ms ` +
      `(script ${mean(script.slice(0, 100))} and ${mean(script.slice(-100))}), slowest ${Math.max(...all).toFixed(1)} ms`,
  );
}
const result = document.createElement("pre");
result.id = "report";
result.textContent = report.join("\n");
document.body.replaceChildren(result);
