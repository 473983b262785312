// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { message } from "../testing/message";
import { AssistantMessage } from "./assistant-message";

afterEach(cleanup);

const REPLY = message({ id: "msg_2", parent: "msg_1", role: "assistant", text: "Some", cursor: 1 });
const FAILED = {
  ...REPLY,
  outcome: {
    status: "failed",
    code: "idle_timeout",
    message: "The model has been silent for too long.",
    retryable: true,
    timing: null,
    usage: null,
  },
} as const;

function shown(reply: typeof REPLY) {
  const entry = { key: reply.id, role: reply.role, messages: [reply], forks: [] } as const;
  return <AssistantMessage entry={entry} live={undefined} isLast={true} />;
}

it("announces a failure to who saw the reply run, and not to who comes back to it", () => {
  const { rerender, unmount } = render(shown({ ...REPLY, running: true }));
  expect(screen.queryByTestId("reply-error")).toBeNull();
  rerender(shown(FAILED));
  expect(screen.getByRole("alert").textContent).toBe(screen.getByTestId("reply-error").textContent);
  unmount();
  render(shown(FAILED));
  expect(screen.getByTestId("reply-error").textContent).not.toBe("");
  expect(screen.queryByRole("alert")).toBeNull();
});
