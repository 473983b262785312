// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { ReplyText } from "./reply-text";

vi.mock("./use-markdown", () => ({
  useMarkdown: () => () => {
    throw new RangeError("Maximum call stack size exceeded");
  },
}));

it("shows a reply as it was written where drawing it breaks", () => {
  const told = vi.spyOn(console, "error").mockReturnValue();
  render(<ReplyText text="> > so **deep**" end="complete" />);
  expect(screen.getByText("> > so **deep**")).toBeTruthy();
  expect(told).toHaveBeenCalled();
});
