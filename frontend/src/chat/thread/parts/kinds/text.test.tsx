// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import text from "./text";

vi.mock("../../use-markdown", () => ({
  useMarkdown: () => () => {
    throw new RangeError("Maximum call stack size exceeded");
  },
}));

it("shows a reply as it was written where drawing it breaks", () => {
  const consoleError = vi.spyOn(console, "error").mockReturnValue();
  render(<text.View part={{ type: "text", text: "> > so **deep**" }} end="complete" />);
  expect(screen.getByText("> > so **deep**")).toBeTruthy();
  expect(consoleError).toHaveBeenCalled();
});
