// @vitest-environment jsdom
import { act, cleanup, render, waitFor } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Markdown } from "../markdown";

afterEach(cleanup);

// jsdom has no MathML.
Object.defineProperty(Element.prototype, "style", { value: {}, configurable: true });

async function drawn(text: string): Promise<readonly (string | null)[]> {
  const { container } = await act(async () => render(<Markdown text={text} end="complete" />));
  await waitFor(() => expect(container.querySelector(".formula-awaited")).toBeNull());
  return [...container.querySelectorAll(".formula")].map((formula) => {
    return formula.textContent?.replace(/[\s\u00a0\u2063\u2062]/g, "") ?? null;
  });
}

it.each([
  ["a tag", "$$y = 2 \\tag{7}\\label{eq:y}$$ by $\\eqref{eq:y}$ or $\\ref{eq:y}$", "(7)", "7"],
  ["a tag after its label", "$$\\label{a} y \\tag{A}$$\n\n$\\eqref{a}$ $\\ref{a}$", "(A)", "A"],
  ["no tag", "$$y = 2 \\label{eq:y}$$\n\n$\\eqref{eq:y}$ $\\ref{eq:y}$", "(eq:y)", "eq:y"],
  ["no equation", "$\\eqref{eq:1}$ $\\ref{eq_2}$", "(eq:1)", "eq_2"],
  [
    "its own row",
    "\\begin{align}\na &= b \\tag{1} \\\\\nc &= d \\label{d} \\tag{2}\n\\end{align}\n\n$\\eqref{d}$ $\\ref{d}$",
    "(2)",
    "2",
  ],
])("references are the tag or the label of their equation: %s", async (_, text, ...expected) => {
  expect((await drawn(text)).slice(-2)).toEqual(expected);
});

it("references find equations that come later, and those that were finished before", async () => {
  const blocks = "One.\n\n".repeat(40);
  const text = `$\\ref{x}$ first.\n\n${blocks}$$a \\tag{9} \\label{x}$$\n\n${blocks}Then $\\eqref{x}$.`;
  const { container, rerender } = await act(async () => render(<Markdown text="" end="open" />));
  for (let length = 0; length < text.length; length += 40) {
    await act(async () => rerender(<Markdown text={text.slice(0, length)} end="open" />));
  }
  await act(async () => rerender(<Markdown text={text} end="complete" />));
  const formulas = [...container.querySelectorAll(".formula")].map((one) =>
    one.textContent?.trim(),
  );
  expect([formulas[0], formulas.at(-1)]).toEqual(["9", "(9)"]);
});
