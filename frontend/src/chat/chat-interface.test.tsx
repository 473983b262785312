// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Event, NO_TIMING, type Outcome } from "../generation/events";
import { Problem } from "../generation/problem";
import type { Arrival, ChatRequest, Transport } from "../generation/transport";
import { ChatInterface } from "./chat-interface";

/** A server in the test's hands: it says what it is told to, to the reply that was asked for last. */
function server() {
  const requests: ChatRequest[] = [];
  const queue: (Arrival | Error)[] = [];
  let wake = () => {};
  let cursor = 0;
  async function* read(signal: AbortSignal): AsyncGenerator<Arrival> {
    signal.addEventListener("abort", () => wake());
    for (;;) {
      signal.throwIfAborted();
      const next = queue.shift();
      if (next instanceof Error) throw next;
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const send = async (...what: (Event | Error)[]) => {
    queue.push(...what.map((event) => (event instanceof Error ? event : [event])));
    await act(async () => {
      wake();
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
    });
  };
  const transport = {
    start(request: ChatRequest, _key: string, signal: AbortSignal) {
      requests.push(request);
      cursor = 0;
      return read(signal);
    },
    resume: (_generation: string, _after: number, signal: AbortSignal) => read(signal),
    cancel: vi.fn(async () => undefined),
  } satisfies Transport;
  return {
    transport,
    requests,
    refuse: (problem: Problem) => send(problem),
    start: () => {
      const turn = requests.length;
      const names = {
        generation: `gen_${turn}`,
        conversation: "conv_1",
        message: `reply_${turn}`,
        parent: `question_${turn}`,
        model: "scripted/echo",
      };
      return send({ kind: "start", cursor: 0, start: names });
    },
    say: (text: string) => {
      cursor += 1;
      return send({ kind: "text", cursor, text });
    },
    end: (outcome: Outcome) => send({ kind: "outcome", outcome }),
  };
}

const COMPLETED: Outcome = { status: "completed", reason: "stop", timing: NO_TIMING };
const FAILED: Outcome = {
  status: "failed",
  code: "provider_error",
  message: "The model failed.",
  retryable: true,
  timing: NO_TIMING,
};

const box = () => screen.getByTestId<HTMLTextAreaElement>("composer-input");
const replies = () => screen.getAllByTestId("message-assistant");
const lastText = () =>
  within(replies().at(-1) as HTMLElement).getByTestId("reply-text").textContent;

async function ask(question: string) {
  await userEvent.type(box(), `${question}{Enter}`);
}

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  Element.prototype.scrollTo = () => undefined;
  const models = [
    { id: "scripted/echo", name: "Echo", provider: "scripted", default: true },
    { id: "scripted/prose", name: "Prose", provider: "scripted" },
  ];
  vi.stubGlobal("fetch", async () => Response.json(models));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("ChatInterface", () => {
  it("shows a reply as it comes, and waits for its end", async () => {
    const { transport, start, say, end, requests } = server();
    render(<ChatInterface transport={transport} />);
    await screen.findByText("scripted/echo");
    expect(document.activeElement).toBe(box());

    await ask("hello");
    expect(requests).toEqual([{ message: "hello", model: "scripted/echo" }]);
    expect(box().disabled).toBe(true);
    expect(box().value).toBe("");
    expect(screen.queryByTestId("send")).toBeNull();
    expect(screen.getByTestId("message-user").textContent).toBe("hello");
    expect(screen.getByTestId("typing-cursor")).toBeTruthy();
    expect(replies()[0]?.dataset.status).toBe("waiting");

    await start();
    await say("Some **bo");
    expect(replies()[0]?.dataset.status).toBe("streaming");
    expect(lastText()?.trim()).toBe("Some bo");
    await say("ld** words");
    await end(COMPLETED);
    expect(lastText()?.trim()).toBe("Some bold words");
    expect(replies()[0]?.dataset.status).toBe("completed");
    expect(screen.queryByTestId("typing-cursor")).toBeNull();
    expect(document.activeElement).toBe(box());
  });

  it("goes on in the same conversation", async () => {
    const { transport, start, say, end, requests } = server();
    render(<ChatInterface transport={transport} />);
    for (const question of ["one", "two"]) {
      await ask(question);
      await start();
      await say(question);
      await end(COMPLETED);
    }
    expect(requests[1]).toMatchObject({ message: "two", conversation: "conv_1" });
    expect(requests[1]).not.toHaveProperty("parent");
    expect(replies()).toHaveLength(2);
  });

  it("keeps what was said when it fails, and asks again from the same place", async () => {
    const { transport, start, say, end, requests } = server();
    render(<ChatInterface transport={transport} />);
    await ask("one");
    await start();
    await end(COMPLETED);
    await ask("two");
    await start();
    await say("partial");
    await end(FAILED);
    expect(screen.getByTestId("reply-error").textContent).toBe("The model failed.");
    expect(lastText()?.trim()).toBe("partial");

    await userEvent.click(screen.getByTestId("retry"));
    expect(requests[2]).toMatchObject({
      message: "two",
      conversation: "conv_1",
      parent: "reply_1",
    });
    expect(replies()).toHaveLength(2);
    expect(replies()[1]?.dataset.status).toBe("waiting");
  });

  it("begins a new conversation when the first question is asked again", async () => {
    const { transport, start, end, requests } = server();
    render(<ChatInterface transport={transport} />);
    await ask("one");
    await start();
    await end(FAILED);
    await userEvent.selectOptions(screen.getByTestId("model-select"), "scripted/prose");
    await userEvent.click(screen.getByTestId("retry"));
    expect(requests[1]).toEqual({ message: "one", model: "scripted/prose" });
  });

  it("stops with Escape, and only then", async () => {
    const { transport, start, say } = server();
    render(<ChatInterface transport={transport} />);
    await userEvent.keyboard("{Escape}");
    await ask("one");
    await start();
    await say("partial");
    expect(transport.cancel).not.toHaveBeenCalled();
    await userEvent.keyboard("{Escape}");
    expect(transport.cancel).toHaveBeenCalledExactlyOnceWith("gen_1");
  });

  it("gives a refused message back", async () => {
    const { transport, refuse, start, end, requests } = server();
    render(<ChatInterface transport={transport} />);
    await ask("one");
    await refuse(new Problem(429, "rate_limited", "Too many replies. Try again in 9 seconds."));
    expect(box().value).toBe("one");
    expect(screen.getByTestId("reply-error").textContent).toContain("in 9 seconds");

    await userEvent.type(box(), "{Enter}");
    await start();
    await end(COMPLETED);
    expect(requests[1]?.message).toBe("one");
    expect(screen.getAllByTestId("message-user")).toHaveLength(1);
  });

  it("goes on in a new conversation where the server has forgotten the old one", async () => {
    const { transport, refuse, start, end, requests } = server();
    render(<ChatInterface transport={transport} />);
    await ask("one");
    await start();
    await end(COMPLETED);
    await ask("two");
    expect(requests[1]?.conversation).toBe("conv_1");
    await refuse(new Problem(404, "not_found", "No conversation 'conv_1'.", null, "conversation"));
    const said = screen.getByTestId("reply-error").textContent;
    expect(said).toContain("begins a new one");
    expect(said).not.toContain("conv_1");

    await userEvent.click(screen.getByTestId("retry"));
    expect(requests[2]?.message).toBe("two");
    expect(requests[2]).not.toHaveProperty("conversation");
    expect(requests[2]).not.toHaveProperty("parent");
  });

  it("offers no second try of a message that cannot be taken", async () => {
    const { transport, refuse } = server();
    render(<ChatInterface transport={transport} />);
    await ask("much too long");
    await refuse(new Problem(413, "too_large", "Too long.", null, "message"));
    expect(screen.queryByTestId("retry")).toBeNull();
    expect(box().value).toBe("much too long");
  });

  it("takes the Enter that ends a composition in Safari for no sending", async () => {
    const { transport, requests } = server();
    render(<ChatInterface transport={transport} />);
    await userEvent.type(box(), "ni hao");
    fireEvent.keyDown(box(), { key: "Enter", keyCode: 229 });
    expect(requests).toHaveLength(0);
    fireEvent.keyDown(box(), { key: "Enter", keyCode: 13 });
    expect(requests).toHaveLength(1);
  });

  it("announces the start and the end, and no words", async () => {
    const { transport, start, say, end } = server();
    render(<ChatInterface transport={transport} />);
    const announced = () =>
      screen
        .getAllByRole("status")
        .map((region) => region.textContent)
        .join("");
    await ask("one");
    await start();
    await say("word");
    expect(announced()).toBe("The reply has started.");
    await end(COMPLETED);
    expect(announced()).toBe("The reply is complete.");
    expect(screen.getByRole("log").getAttribute("aria-live")).toBe("off");
  });

  it("writes a new line with Shift, and sends nothing that is blank", async () => {
    const { transport, requests } = server();
    render(<ChatInterface transport={transport} />);
    await userEvent.type(box(), "  {Enter}");
    expect(requests).toHaveLength(0);
    await userEvent.type(box(), "a{Shift>}{Enter}{/Shift}b{Enter}");
    expect(requests[0]?.message).toBe("  a\nb");
  });

  it("leaves a clean page for a new chat", async () => {
    const { transport, start, say, end } = server();
    render(<ChatInterface transport={transport} />);
    await ask("one");
    await start();
    await say("word");
    await end(COMPLETED);
    await userEvent.click(screen.getByTestId("new-chat"));
    expect(screen.getByTestId("empty-state")).toBeTruthy();
    expect(screen.queryByTestId("message-user")).toBeNull();
    expect(document.activeElement).toBe(box());
  });
});
