// @vitest-environment jsdom
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import {
  act,
  cleanup,
  configure,
  fireEvent,
  render,
  screen,
  waitFor,
  within,
} from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Conversation, Message } from "../api/schema";
import { keys } from "../conversations/data/keys";
import { ConversationsProvider } from "../conversations/sidebar/conversations-provider";
import { NO_TIMING, type Outcome } from "../generation/events";
import { Problem } from "../generation/problem";
import { ChatInterface } from "./chat-interface";
import { usePendingExchanges } from "./state/use-pending-exchanges";
import { chatServer, frames } from "./testing/chat-server";
import { message } from "./testing/message";
import { loadMarkdown } from "./thread/use-markdown";
import { loadThreadView } from "./thread/use-thread-view";

/** Renders the chat with a conversation or a new chat (null), and returns functions that navigate. */
function open(members: Partial<Conversation> = {}, at: string | null = null, linked?: string) {
  const server = chatServer(members);
  vi.stubGlobal("fetch", server.fetch);
  const seen: (string | null)[] = [];
  let visit: (conversation: string | null) => void = () => undefined;
  let client: QueryClient;
  function Page() {
    client = useQueryClient();
    const [conversation, setConversation] = useState(at);
    const pending = usePendingExchanges(() => server.transport);
    visit = setConversation;
    const onConversation = (id: string | null) => {
      seen.push(id);
      setConversation(id);
    };
    return (
      <ChatInterface
        pending={pending}
        conversation={conversation}
        message={linked ?? null}
        onConversation={onConversation}
      />
    );
  }
  render(
    <ConversationsProvider>
      <Page />
    </ConversationsProvider>,
  );
  const go = async (conversation: string | null) => {
    visit(conversation);
    await frames();
  };
  const invalidate = async () => {
    await act(() => client.invalidateQueries({ queryKey: keys.one(server.kept().id) }));
    await frames();
  };
  return { ...server, seen, go, invalidate };
}

const COMPLETED: Outcome = { status: "completed", reason: "stop", timing: NO_TIMING };
const FAILED: Outcome = {
  status: "failed",
  code: "provider_error",
  message: "The model failed.",
  retryable: true,
  timing: NO_TIMING,
};

const QUESTION = message({ id: "q1", parent: null, role: "user", text: "question" });
const RUNNING = {
  messages: [
    QUESTION,
    message({
      id: "a1",
      parent: "q1",
      role: "assistant",
      text: "Some of",
      generation: "gen_1",
      running: true,
      cursor: 7,
    }),
  ],
  leaf: "a1",
};
const BRANCHES = {
  messages: [
    QUESTION,
    message({ id: "a1", parent: "q1", role: "assistant", text: "first reply" }),
    message({ id: "q2", parent: "a1", role: "user", text: "behind the first" }),
    message({ id: "a2", parent: "q1", role: "assistant", text: "second reply" }),
  ],
  leaf: "a2",
};
const CUT_SHORT = {
  messages: [
    QUESTION,
    message({
      id: "a1",
      parent: "q1",
      role: "assistant",
      text: "Half a",
      outcome: { status: "cancelled", by: "user" },
    }),
  ] satisfies [Message, Message],
  leaf: "a1",
};

const models = () => screen.getByTestId<HTMLSelectElement>("model-select");
const box = () => screen.getByTestId<HTMLTextAreaElement>("composer-input");
const replies = () => screen.getAllByTestId("message-assistant");
const lastText = () =>
  within(replies().at(-1) as HTMLElement).getByTestId("reply-text").textContent;

async function ask(question: string) {
  await userEvent.type(box(), `${question}{Enter}`);
}

// Lazy modules can take long to load on a busy machine.
configure({ asyncUtilTimeout: 10_000 });

beforeAll(async () => {
  await Promise.all([loadMarkdown(), loadThreadView()]);
});

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  vi.stubGlobal("CSS", { supports: () => true, escape: (name: string) => name });
  Element.prototype.scrollTo = () => undefined;
  Element.prototype.scrollIntoView = () => undefined;
});

afterEach(() => {
  cleanup();
  localStorage.clear();
  vi.unstubAllGlobals();
});

describe("ChatInterface", () => {
  it("shows a reply as it comes, and waits for its end", async () => {
    const { start, say, end, requests } = open();
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
    await waitFor(() => expect(lastText()?.trim()).toBe("Some bold words"));
    expect(replies()[0]?.dataset.status).toBe("completed");
    expect(screen.queryByTestId("typing-cursor")).toBeNull();
    expect(document.activeElement).toBe(box());
  });

  it("chooses the ids of all that it asks for", async () => {
    const { start, end, ids } = open();
    await ask("one");
    await start();
    await end(COMPLETED);
    await ask("two");
    await start();
    await end(COMPLETED);
    await userEvent.click(screen.getAllByTestId("regenerate")[1] as HTMLElement);
    const [conversation, message, generation] = ["conv", "msg", "gen"].map((kind) =>
      expect.stringMatching(`^${kind}_[\\w-]{22}$`),
    );
    const reply = message;
    expect(ids).toEqual([
      { conversation, message, reply, generation },
      { message, reply, generation },
      { reply, generation },
    ]);
    const all = ids.flatMap((each) => Object.values(each));
    expect(new Set(all).size).toBe(all.length);
  });

  it("asks for the same reply where a refused one is tried again, and for another if the model is another", async () => {
    const { refuse, ids, start } = open();
    const busy = () => refuse(new Problem(503, "overloaded", "Too many replies."));
    await ask("one");
    await busy();
    await userEvent.click(screen.getByTestId("retry"));
    expect(ids[1]).toEqual(ids[0]);
    await busy();
    await userEvent.selectOptions(models(), "scripted/prose");
    await userEvent.click(screen.getByTestId("retry"));
    await frames();
    expect(new Set([...Object.values(ids[0] ?? {}), ...Object.values(ids[2] ?? {})]).size).toBe(8);
    await start();
    expect(screen.getAllByTestId("message-user")).toHaveLength(1);
  });

  it("goes on in the same conversation", async () => {
    const { start, say, end, requests, ids } = open();
    for (const question of ["one", "two"]) {
      await ask(question);
      await start();
      await say(question);
      await end(COMPLETED);
    }
    expect(requests[1]).toMatchObject({
      message: "two",
      conversation: ids[0]?.conversation,
      parent: ids[0]?.reply,
    });
    expect(replies()).toHaveLength(2);
  });

  it("keeps what was said when it fails, and lets the same question be answered again", async () => {
    const { start, say, end, requests, ids, kept } = open();
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
    expect(requests[2]).toEqual({
      conversation: kept().id,
      to: ids[1]?.message,
      model: "scripted/echo",
    });
    expect(replies()).toHaveLength(2);
    expect(replies()[1]?.dataset.status).toBe("waiting");
  });

  it("asks the model that is chosen now when a reply is tried again", async () => {
    const { start, end, requests, ids, kept } = open();
    await ask("one");
    await start();
    await end(FAILED);
    await userEvent.selectOptions(screen.getByTestId("model-select"), "scripted/prose");
    await userEvent.click(screen.getByTestId("retry"));
    expect(requests[1]).toEqual({
      conversation: kept().id,
      to: ids[0]?.message,
      model: "scripted/prose",
    });
  });

  it("stops with Escape, and only then", async () => {
    const { transport, start, say, ids } = open();
    await userEvent.keyboard("{Escape}");
    await ask("one");
    await start();
    await say("partial");
    expect(transport.cancel).not.toHaveBeenCalled();
    await userEvent.keyboard("{Escape}");
    expect(transport.cancel).toHaveBeenCalledExactlyOnceWith(ids[0]?.generation);
  });

  it("gives a refused message back", async () => {
    const { refuse, start, end, requests } = open();
    await ask("one");
    await refuse(new Problem(429, "rate_limited", "Too many replies.", 9));
    expect(box().value).toBe("one");
    expect(screen.getByTestId("reply-error").textContent).toContain("in 9 seconds");

    await userEvent.type(box(), "{Enter}");
    await start();
    await end(COMPLETED);
    expect(requests[1]).toMatchObject({ message: "one" });
    expect(screen.getAllByTestId("message-user")).toHaveLength(1);
  });

  it("gives a message back that is refused while another conversation is looked at", async () => {
    const { refuse, go } = open(CUT_SHORT);
    await ask("one");
    await go("conv_1");
    await screen.findByText("Half a");
    await refuse(new Problem(429, "rate_limited", "Too many replies.", 9));
    expect(box().value).toBe("");
    await go(null);
    expect(box().value).toBe("one");
    await go("conv_1");
    await ask("two");
    await go(null);
    await refuse(new Problem(429, "rate_limited", "Too many replies.", 9));
    expect(box().value).toBe("one");
    await go("conv_1");
    expect(box().value).toBe("two");
  });

  it("goes on in a new conversation where the server has forgotten the old one", async () => {
    const { refuse, start, end, requests, ids } = open();
    await ask("one");
    await start();
    await end(COMPLETED);
    await ask("two");
    expect(requests[1]).toMatchObject({ conversation: ids[0]?.conversation });
    await refuse(new Problem(404, "not_found", "No conversation 'conv_1'.", null, "conversation"));
    const message = screen.getByTestId("reply-error").textContent;
    expect(message).toContain("begins a new one");
    expect(message).not.toContain("conv_1");

    await userEvent.click(screen.getByTestId("retry"));
    expect(requests[2]).toMatchObject({ message: "two" });
    expect(requests[2]).not.toHaveProperty("conversation");
    expect(requests[2]).not.toHaveProperty("parent");
    expect(ids[2]?.conversation).not.toBe(ids[0]?.conversation);
    expect(box().value).toBe("");
    await refuse(new Problem(429, "rate_limited", "Too many replies."));
    expect(box().value).toBe("two");
  });

  it("offers no second try of a message that cannot be taken", async () => {
    const { refuse } = open();
    await ask("much too long");
    await refuse(new Problem(413, "too_large", "Too long.", null, "message"));
    expect(screen.queryByTestId("retry")).toBeNull();
    expect(box().value).toBe("much too long");
  });

  it("takes the Enter that ends a composition in Safari for no sending", async () => {
    const { requests } = open();
    await userEvent.type(box(), "ni hao");
    fireEvent.keyDown(box(), { key: "Enter", keyCode: 229 });
    expect(requests).toHaveLength(0);
    fireEvent.keyDown(box(), { key: "Enter", keyCode: 13 });
    expect(requests).toHaveLength(1);
  });

  it("announces the start and the end, and no words", async () => {
    const { start, say, end } = open();
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
    const { requests } = open();
    await userEvent.type(box(), "  {Enter}");
    expect(requests).toHaveLength(0);
    await userEvent.type(box(), "a{Shift>}{Enter}{/Shift}b{Enter}");
    expect(requests[0]).toMatchObject({ message: "  a\nb" });
  });

  it("leaves a clean page for a new chat", async () => {
    const { start, say, end, go } = open();
    await ask("one");
    await start();
    await say("word");
    await end(COMPLETED);
    await go(null);
    expect(screen.getByTestId("empty-state")).toBeTruthy();
    expect(screen.queryByTestId("message-user")).toBeNull();
    expect(document.activeElement).toBe(box());
  });

  it("keeps what is drawn when a new chat has started", async () => {
    const { start, say, end, seen, ids } = open();
    await ask("one");
    const [drawn] = replies();
    await start();
    await say("word");
    expect(seen).toEqual([ids[0]?.conversation]);
    expect(replies()).toEqual([drawn]);
    await end(COMPLETED);
    await frames();
    expect(replies()).toEqual([drawn]);
    expect(screen.getByTestId("message-user").dataset.message).toBe(ids[0]?.message);
    expect(drawn?.dataset.message).toBe(ids[0]?.reply);
  });

  it("goes on following a reply while another conversation is looked at", async () => {
    const { start, say, end, go, resumed, requests, kept } = open();
    await ask("one");
    await start();
    await say("some");
    await go(null);
    expect(screen.queryByTestId("message-assistant")).toBeNull();
    await say(" words");
    await go(kept().id);
    expect(lastText()?.trim()).toBe("some words");
    expect(replies()[0]?.dataset.status).toBe("streaming");
    await end(COMPLETED);
    expect(replies()[0]?.dataset.status).toBe("completed");
    expect(requests).toHaveLength(1);
    expect(resumed).toEqual([]);
  });

  it("shows what was saved of a running reply and follows it from there", async () => {
    const { resumed, say, end, transport } = open(RUNNING, "conv_1");
    await screen.findByText("Some of");
    expect(box().disabled).toBe(true);
    expect(resumed).toEqual(["gen_1:7"]);
    await say(" it");
    await waitFor(() => expect(lastText()?.trim()).toBe("Some of it"));
    await userEvent.keyboard("{Escape}");
    expect(transport.cancel).toHaveBeenCalledExactlyOnceWith("gen_1");
    await end(COMPLETED);
    expect(box().disabled).toBe(false);
  });

  it("takes the saved text for true when the log is shorter than what was seen", async () => {
    const { save, refuse } = open(RUNNING, "conv_1");
    await screen.findByText("Some of");
    save({
      parts: [{ type: "text", text: "Some" }],
      running: false,
      outcome: { status: "interrupted" },
    });
    await refuse(new Problem(409, "cursor_ahead", "Beyond the end."));
    await frames();
    expect(lastText()?.trim()).toBe("Some");
    expect(replies()[0]?.dataset.status).toBe("interrupted");
  });

  it("steps between branches and saves which one is shown", async () => {
    const { changes } = open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    expect(screen.getByTestId("branch-position").textContent).toBe("2 of 2");
    expect(screen.getByTestId<HTMLButtonElement>("branch-next").disabled).toBe(true);
    await userEvent.click(screen.getByTestId("branch-previous"));
    await frames();
    expect(screen.getAllByTestId("message-user").map((each) => each.dataset.message)).toEqual([
      "q1",
      "q2",
    ]);
    expect(changes).toEqual([{ leaf: "q2" }]);
    expect(screen.getByTestId("branch-position").textContent).toBe("1 of 2");
    expect(document.activeElement).toBe(screen.getByTestId("branch-next"));
  });

  it("shows the branch of the message that is linked to", async () => {
    const { changes } = open(BRANCHES, "conv_1", "a1");
    await screen.findByText("first reply");
    await frames();
    expect(changes).toEqual([{ leaf: "q2" }]);
  });

  it("asks an edited question in the place of the old one", async () => {
    const { requests, ids, start } = open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    await userEvent.click(screen.getByTestId("edit"));
    await userEvent.clear(await screen.findByTestId("edit-input"));
    await userEvent.type(screen.getByTestId("edit-input"), "otherwise{Enter}");
    expect(requests).toEqual([
      { message: "otherwise", conversation: "conv_1", parent: "root", model: "scripted/echo" },
    ]);
    expect(screen.getByTestId("message-user").textContent).toContain("otherwise");
    await start();
    await frames();
    expect(screen.getByTestId("message-user").dataset.message).toBe(ids[0]?.message);
    expect(screen.getByTestId("branch-position").textContent).toBe("2 of 2");
  });

  it("leaves a question as it was when its edit is taken back", async () => {
    const { requests } = open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    await userEvent.click(screen.getByTestId("edit"));
    await userEvent.type(await screen.findByTestId("edit-input"), " more{Escape}");
    expect(screen.queryByTestId("edit-input")).toBeNull();
    expect(screen.getByTestId("message-user").textContent).toContain("question");
    expect(document.activeElement).toBe(screen.getByTestId("edit"));
    expect(requests).toEqual([]);
  });

  it("begins nothing else while a reply runs", async () => {
    const { end } = open(RUNNING, "conv_1");
    await screen.findByText("Some of");
    const edit = () => screen.getByTestId<HTMLButtonElement>("edit");
    expect(edit().disabled).toBe(true);
    expect(screen.queryByTestId("regenerate")).toBeNull();
    await end(COMPLETED);
    await frames();
    expect(edit().disabled).toBe(false);
    expect(screen.getByTestId("regenerate")).toBeTruthy();
  });

  it("offers a reply to a question that has none", async () => {
    const { requests } = open({ messages: [QUESTION], leaf: "q1" }, "conv_1");
    await userEvent.click(await screen.findByText("Get a reply"));
    expect(requests).toEqual([{ conversation: "conv_1", to: "q1", model: "scripted/echo" }]);
    expect(screen.queryByText("Get a reply")).toBeNull();
  });

  it("tries a refused reply again, with the same request", async () => {
    const { requests, ids, refuse, start, end } = open(CUT_SHORT, "conv_1");
    await screen.findByText("Half a");
    await userEvent.click(screen.getByTestId("regenerate"));
    await refuse(new Problem(429, "rate_limited", "Too many replies."));
    expect(screen.getByTestId("reply-error").textContent).toBe("Too many replies.");
    expect(box().value).toBe("");
    await userEvent.click(screen.getByTestId("retry"));
    expect([requests[1], ids[1]]).toEqual([requests[0], ids[0]]);
    await start();
    await end(COMPLETED);
    await frames();
    expect(screen.getByTestId("branch-position").textContent).toBe("2 of 2");
  });

  it("counts the seconds until a refused reply may be tried again, and says them once", async () => {
    const { refuse, requests } = open();
    const retry = () => screen.getByTestId<HTMLButtonElement>("retry");
    await ask("one");
    await refuse(new Problem(503, "draining", "The server restarts.", 2));
    expect(screen.getByRole("alert").textContent).toBe(
      "The server restarts. Try again in 2 seconds.",
    );
    const alert = screen.getByRole("alert").firstChild;
    expect(retry().textContent).toBe("Retry in 2 s");
    expect(retry().disabled).toBe(true);
    await screen.findByText("Retry in 1 s", {}, { timeout: 5_000 });
    await screen.findByText("Retry", {}, { timeout: 5_000 });
    expect(screen.getByRole("alert").firstChild).toBe(alert);
    expect(screen.getByRole("alert").textContent).toContain("in 2 seconds");
    await userEvent.click(retry());
    expect(requests).toHaveLength(2);
  });

  it("goes on with a reply that was cut short, as one reply", async () => {
    const { requests, start, say, end } = open(CUT_SHORT, "conv_1");
    await screen.findByText("Half a");
    const [drawn] = replies();
    await userEvent.click(screen.getByTestId("continue"));
    expect(requests).toEqual([{ conversation: "conv_1", to: "a1", model: "scripted/echo" }]);
    await start();
    await say(" sentence");
    await end(COMPLETED);
    await frames();
    expect(lastText()?.trim()).toBe("Half a sentence");
    expect(replies()).toEqual([drawn]);
    expect(screen.getAllByTestId("figures")).toHaveLength(1);
    expect(screen.queryByTestId("continue")).toBeNull();
  });

  it("goes on with no reply that was stopped before its first word", async () => {
    const [question, reply] = CUT_SHORT.messages;
    open({ messages: [question, { ...reply, text: "", parts: [] }], leaf: "a1" }, "conv_1");
    const actions = within(await screen.findByTestId("message-assistant"));
    expect(actions.queryByTestId("continue")).toBeNull();
    expect(actions.queryByTestId("copy")).toBeNull();
    expect(actions.getByTestId("regenerate")).toBeTruthy();
  });

  it("tells where the time to the first token was spent", async () => {
    const [question, reply] = CUT_SHORT.messages;
    const timing = {
      first_token_ms: 190,
      duration_ms: 290,
      tokens: 5,
      tokens_per_second: 50,
      longest_gap_ms: 20,
      server_ms: 3,
      provider_ms: 187,
    };
    const outcome = { status: "completed", reason: "stop", timing } as const;
    const model = "scripted/echo";
    open({ messages: [question, { ...reply, model, outcome }], leaf: "a1" }, "conv_1");
    await screen.findByText("first token 190 ms");
    await userEvent.click(screen.getByTestId("details"));
    const details = await screen.findByTestId("details-panel");
    expect(details.textContent).toContain("Server3 ms");
    expect(details.textContent).toContain("Model187 ms");
    // This page did not see the reply start.
    expect(details.textContent).toContain("Networknot known");
    expect(details.textContent).toContain("Seen here after190 ms");
  });

  it("tells, of a reply that it has seen begin, what the network took, also once it is saved", async () => {
    const { start, say, end } = open();
    const now = vi.spyOn(performance, "now").mockReturnValue(1_000);
    await ask("one");
    await start();
    now.mockReturnValue(1_231);
    await say("word");
    await end({ ...COMPLETED, timing: { ...NO_TIMING, serverMs: 6, providerMs: 190 } });
    await frames();
    await userEvent.click(await screen.findByTestId("details"));
    const details = await screen.findByTestId("details-panel");
    expect(details.textContent).toContain("Network35 ms");
    expect(details.textContent).toContain("Seen here after231 ms");
  });

  it("says how many messages the model was not given", async () => {
    const [question, reply] = CUT_SHORT.messages;
    open({ messages: [question, { ...reply, left_out: 3 }], leaf: "a1" }, "conv_1");
    expect((await screen.findByTestId("left-out")).textContent).toContain("3 earliest messages");
  });

  it("opens what was thought only while there is nothing else to read", async () => {
    const { start, think, say, end } = open();
    const isOpen = () => screen.getByTestId("reasoning-text").closest("details")?.open;
    await ask("one");
    await start();
    await think("Hm.");
    await waitFor(() => expect(isOpen()).toBe(true));
    await say("word");
    await waitFor(() => expect(isOpen()).toBe(false));
    await userEvent.click(screen.getByText("Reasoning"));
    await say(" by word");
    await end(COMPLETED);
    await frames();
    expect(isOpen()).toBe(true);
  });

  it("keeps the place of what was thought between texts, while it comes and when it is read again", async () => {
    const { start, think, say, end, go, kept } = open();
    const shown = () =>
      [...document.querySelectorAll("[data-testid=reply-text], [data-testid=reasoning-text]")].map(
        (each) => each.textContent?.trim(),
      );
    await ask("one");
    await start();
    await think("First.");
    await say("Then");
    await say(" this.");
    await think("Wait.");
    await waitFor(() => expect(shown()).toEqual(["First.", "Then this.", "Wait.", ""]));
    await say("And that.");
    const isWhole = () => expect(shown()).toEqual(["First.", "Then this.", "Wait.", "And that."]);
    await waitFor(isWhole);
    await end(COMPLETED);
    await go(null);
    expect(shown()).toEqual([]);
    await go(kept().id);
    await waitFor(isWhole);
  });

  it("joins the texts of a reply and of what goes on with it, and keeps the rest apart", async () => {
    const { start, think, say, end } = open(CUT_SHORT, "conv_1");
    await screen.findByText("Half a");
    await userEvent.click(screen.getByTestId("continue"));
    await start();
    await say(" sentence.");
    await think("Is it?");
    await say("Whole.");
    await end(COMPLETED);
    await frames();
    const texts = screen.getAllByTestId("reply-text").map((each) => each.textContent?.trim());
    expect(texts).toEqual(["Half a sentence.", "Whole."]);
    expect(screen.getByTestId("reasoning-text").textContent).toBe("Is it?");
  });

  it("keeps a draft for each conversation and for the new one", async () => {
    const { go } = open(CUT_SHORT, "conv_1");
    await screen.findByText("Half a");
    await userEvent.type(box(), "here");
    await go(null);
    expect(box().value).toBe("");
    await userEvent.type(box(), "new");
    await go("conv_1");
    expect(box().value).toBe("here");
    await go(null);
    expect(box().value).toBe("new");
  });

  it("keeps a question over a reload when it could not be sent, and not when it is on its way", async () => {
    const { lose } = open();
    await userEvent.type(box(), "sent in a tunnel{Enter}");
    fireEvent(window, new Event("pagehide"));
    expect(box().value).toBe("");
    await lose();
    fireEvent(window, new Event("pagehide"));
    cleanup();
    open();
    expect(box().value).toBe("sent in a tunnel");
  });

  it("keeps a question that is half written anew, while away and over a reload", async () => {
    const { go, requests } = open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    await userEvent.click(screen.getByTestId("edit"));
    await userEvent.type(await screen.findByTestId("edit-input"), ", half");
    await go(null);
    await go("conv_1");
    const edited = () => screen.getByTestId<HTMLTextAreaElement>("edit-input");
    expect(edited().value).toBe("question, half");
    expect(document.activeElement).toBe(box());
    cleanup();
    open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    expect(edited().value).toBe("question, half");
    await userEvent.type(edited(), "{Escape}");
    cleanup();
    open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    expect(screen.queryByTestId("edit-input")).toBeNull();
    expect(requests).toEqual([]);
  });

  it("does not send what is in the box when the settings are saved", async () => {
    const { seen } = open();
    await userEvent.type(box(), "not yet");
    await userEvent.click(screen.getByTestId("settings"));
    await userEvent.type(await screen.findByTestId("settings-temperature"), "0.5{Enter}");
    await frames();
    expect(screen.queryByTestId("settings-temperature")).toBeNull();
    expect(box().value).toBe("not yet");
    expect(screen.queryByTestId("message-user")).toBeNull();
    expect(seen).toEqual([]);
  });

  it("sends the settings of a new chat with its first message only", async () => {
    const { requests, start, end } = open();
    await userEvent.click(screen.getByTestId("settings"));
    await userEvent.type(await screen.findByTestId("settings-system"), "Be short.");
    await userEvent.type(screen.getByTestId("settings-temperature"), "0.5");
    await userEvent.click(screen.getByTestId("settings-save"));
    expect(await screen.findByTestId("system-chip")).toBeTruthy();
    await ask("one");
    const expected = { message: "one", model: "scripted/echo" };
    expect(requests).toEqual([{ ...expected, system: "Be short.", temperature: 0.5 }]);
    await start();
    await end(COMPLETED);
    await ask("two");
    expect(requests[1]).not.toHaveProperty("system");
  });

  it("asks the model that was chosen before the conversation was read", async () => {
    const { hold, requests, start, end } = open();
    await waitFor(() => expect(models().disabled).toBe(false));
    const arrivals = (["GET", "PATCH"] as const).map(hold);
    await ask("one");
    await start();
    await end(COMPLETED);
    await userEvent.selectOptions(models(), "scripted/prose");
    await frames();
    expect(models().value).toBe("scripted/prose");
    await ask("two");
    for (const arrive of arrivals) await arrive();
    expect(models().value).toBe("scripted/prose");
    expect(requests[1]?.model).toBe("scripted/prose");
  });

  it("keeps what was chosen while answers from before it come", async () => {
    const { hold, invalidate } = open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    const arrive = hold("PATCH");
    await userEvent.selectOptions(models(), "scripted/prose");
    await userEvent.click(screen.getByTestId("settings"));
    await userEvent.type(await screen.findByTestId("settings-system"), "Be short.");
    await userEvent.click(screen.getByTestId("settings-save"));
    await userEvent.click(screen.getByTestId("branch-previous"));
    await invalidate();
    expect(models().value).toBe("scripted/prose");
    expect(screen.getByTestId("branch-position").textContent).toBe("1 of 2");
    expect(await screen.findByTestId("system-chip")).toBeTruthy();
    await arrive();
    expect(models().value).toBe("scripted/prose");
    expect(await screen.findByTestId("system-chip")).toBeTruthy();
    expect(screen.getByTestId("branch-position").textContent).toBe("1 of 2");
  });

  it("saves the branch that was stepped to last, however slow the step before it is", async () => {
    const { hold, changes } = open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    const arrive = hold("PATCH");
    await userEvent.click(screen.getByTestId("branch-previous"));
    await frames();
    await userEvent.click(screen.getByTestId("branch-next"));
    await frames();
    expect(screen.getByTestId("branch-position").textContent).toBe("2 of 2");
    await arrive();
    expect(changes).toEqual([{ leaf: "q2" }, { leaf: "a2" }]);
    expect(screen.getByTestId("branch-position").textContent).toBe("2 of 2");
  });

  it("asks once the server has what was chosen before", async () => {
    const { hold, changes, requests } = open(BRANCHES, "conv_1");
    await screen.findByText("second reply");
    const arrive = hold("PATCH");
    await userEvent.click(screen.getByTestId("branch-previous"));
    await frames();
    await ask("next");
    expect(screen.getByText("next")).toBeTruthy();
    expect(requests).toEqual([]);
    await arrive();
    expect(changes).toEqual([{ leaf: "q2" }]);
    expect(requests).toMatchObject([{ message: "next", parent: "q2" }]);
  });

  it("says of a conversation that it is archived, and takes it back", async () => {
    const { changes } = open({ archived: true }, "conv_1");
    expect((await screen.findByTestId("archived-chip")).textContent).toContain("Archived");
    await userEvent.click(screen.getByTestId("unarchive"));
    await screen.findByText("Back in the list.");
    expect(changes).toEqual([{ archived: false }]);
    expect(screen.queryByTestId("archived-chip")).toBeNull();
    expect(document.activeElement).toBe(screen.getByTestId("title"));
    await userEvent.click(screen.getByTestId("undo-archive"));
    expect(await screen.findByTestId("archived-chip")).toBeTruthy();
  });

  it("says so where there is no such conversation, and leads to a new chat", async () => {
    const { seen } = open({}, "conv_9");
    await screen.findByTestId("not-found");
    expect(screen.queryByTestId("title")).toBeNull();
    await userEvent.click(screen.getByText("Start a new chat"));
    expect(seen).toEqual([null]);
    expect(screen.getByTestId("empty-state")).toBeTruthy();
  });
});
