// @vitest-environment jsdom
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Markdown } from "./markdown";

afterEach(cleanup);

const numbered = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index + 1)).join("");

const BLOCKS = {
  paragraphs: numbered(100, (index) => `Paragraph *${index}* of many.\n\n`),
  list: numbered(100, (index) => `- item **${index}**\n`),
  "numbered list": numbered(100, (index) => `${index}. item\n`),
  table: `| a | b |\n|---|---|\n${numbered(100, (index) => `| ${index} | *b* |\n`)}`,
  code: `\`\`\`js\n${numbered(500, (index) => `line(${index});\n`)}`,
};

/** Renders a growing text and returns the mutations during its second half. */
async function grow(text: string, step: number) {
  const { container, rerender } = render(<Markdown text="" end="open" />);
  const draw = (length: number) => rerender(<Markdown text={text.slice(0, length)} end="open" />);
  const half = Math.floor(text.length / 2);
  for (let length = 0; length < half; length += step) draw(length);
  const selection = selectFirstWords(container);
  const changed: Node[] = [];
  const observer = new MutationObserver((records) => {
    for (const { target } of records) changed.push(target);
  });
  const everything = { childList: true, characterData: true, attributes: true, subtree: true };
  observer.observe(container, everything);
  for (let length = half; length < text.length; length += step) draw(length);
  await Promise.resolve();
  observer.disconnect();
  return { container, selection, changed };
}

const PARTS = "p, li, tr, code > span";

function selectFirstWords(container: Element): Selection {
  const selection = getSelection();
  const first = container.querySelector(PARTS);
  if (first === null || selection === null) throw new Error("there is nothing to select");
  selection.selectAllChildren(first);
  return selection;
}

it.each(Object.entries(BLOCKS))("leaves alone what is finished: %s", async (_, text) => {
  const { container, selection, changed } = await grow(text, 31);
  const parts = [...container.querySelectorAll(PARTS)];
  const early = parts.slice(0, parts.length / 4);
  expect(early[0]).toBe(selection.anchorNode);
  expect(selection.toString().trim()).toBe(early[0]?.textContent?.trim());
  expect(changed.length).toBeGreaterThan(10);
  expect(changed.filter((node) => early.some((part) => part.contains(node)))).toEqual([]);
});

it("numbers a long list through, and lets it be one list", () => {
  const { container } = render(<Markdown text={BLOCKS["numbered list"]} end="complete" />);
  const sections = [...container.querySelectorAll("ol")];
  expect(sections.map(({ start }) => start)).toEqual([1, 33, 65, 97]);
  expect(container.querySelectorAll("[role=list] [role=listitem]")).toHaveLength(100);
  expect(sections.map(({ role }) => role)).toEqual(sections.map(() => "presentation"));
});

it("says what the parts of a long table are, once they are no longer laid out as ones", async () => {
  const { container } = await grow(BLOCKS.table, 31);
  const table = container.querySelector("table");
  expect(table?.role).toBe("table");
  expect(table?.style.gridTemplateColumns).not.toBe("");
  const roles = ["rowgroup", "row", "columnheader", "cell"];
  const counts = roles.map((role) => table?.querySelectorAll(`[role=${role}]`).length);
  expect(counts).toEqual([5, 101, 2, 200]);
});

it("lets the cursor move only while nothing comes", () => {
  vi.useFakeTimers();
  const { container, rerender } = render(<Markdown text="" end="open" />);
  const isPausing = () => container.querySelector("[data-pausing] .typing-cursor") !== null;
  for (const text of ["one", "one two", "one two three"]) {
    rerender(<Markdown text={text} end="open" />);
    expect(isPausing()).toBe(false);
    vi.advanceTimersByTime(400);
    expect(isPausing()).toBe(false);
  }
  vi.advanceTimersByTime(200);
  expect(isPausing()).toBe(true);
  rerender(<Markdown text="one two three" end="complete" />);
  expect(container.querySelector("[data-pausing]")).toBeNull();
  vi.useRealTimers();
});
