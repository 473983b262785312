// @vitest-environment jsdom
// The AI SDK's `useChat`, as it is installed, against a real server.
import { type UIMessage, useChat } from "@ai-sdk/react";
import { cleanup, renderHook, waitFor } from "@testing-library/react";
import { DefaultChatTransport } from "ai";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type RunningServer, startServer } from "./running-server.ts";

type Message = UIMessage<{ generation: string; model: string }>;

const PACE = { tokens_per_second: 100_000 };
const FAST = { model: "scripted/echo", script: PACE };
const QUESTION: Message = {
  id: "question",
  role: "user",
  parts: [{ type: "text", text: "one two three four" }],
};

let server: RunningServer;
let headers: Record<string, string>;

beforeAll(async () => {
  server = await startServer();
  const named = await fetch(`${server.url}/api/models`);
  // A browser sends its cookie; Node keeps none.
  headers = { "headwater-client": named.headers.get("headwater-client") ?? "" };
});

afterEach(cleanup);

afterAll(() => server.stop());

function gated(after: number) {
  return { ...FAST, script: { ...PACE, faults: [{ after, kind: "gate" }] } };
}

function chat(id: string, messages: Message[] = [], resume = false) {
  const errors: string[] = [];
  const transport = new DefaultChatTransport<Message>({
    api: `${server.url}/api/ui-message-stream`,
    headers,
  });
  const hook = renderHook(() =>
    useChat<Message>({ id, messages, resume, transport, onError: (e) => errors.push(e.message) }),
  );
  const now = () => hook.result.current;
  return {
    now,
    errors,
    unmount: hook.unmount,
    ask: (text: string, body: object) => void now().sendMessage({ text }, { body }),
    said: (kind: "text" | "reasoning" = "text") => said(now().messages.at(-1), kind),
    waitFor: (check: () => void) => waitFor(check, { timeout: 20_000 }),
  };
}

function said(message: Message | undefined, kind: "text" | "reasoning"): string {
  if (message?.role !== "assistant") return "";
  return message.parts.map((part) => (part.type === kind ? part.text : "")).join("");
}

async function post(path: string): Promise<void> {
  const answer = await fetch(server.url + path, { method: "POST", headers });
  expect(answer.ok).toBe(true);
}

/** The generation that is being read. */
function generation(of: { now(): { messages: Message[] } }): string {
  return of.now().messages.at(-1)?.metadata?.generation ?? "";
}

test("a reply grows, and the next question has it before it", async () => {
  const talk = chat("grows");
  talk.ask("one two three four", gated(2));
  await talk.waitFor(() => expect(talk.said()).toBe("one two"));
  expect(talk.now().status).toBe("streaming");
  await post(`/api/scripted/gates/${generation(talk)}`);
  await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
  expect(talk.said()).toBe("one two three four");

  talk.ask("five", FAST);
  await talk.waitFor(() => expect(talk.said()).toBe("five"));
  await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
  void talk.now().regenerate({ body: { ...FAST, model: "scripted/prose", max_tokens: 1 } });
  await talk.waitFor(() => expect(talk.said()).not.toBe("five"));
  await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
  expect(talk.now().messages.map((message) => message.role)).toEqual([
    "user",
    "assistant",
    "user",
    "assistant",
  ]);
  expect(talk.errors).toEqual([]);
});

test("what a model thinks is a part of its own", async () => {
  const talk = chat("thinks");
  talk.ask("Why?", { ...FAST, model: "scripted/reasoning" });
  await talk.waitFor(() => expect(talk.said()).not.toBe(""));
  await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
  const kinds = talk
    .now()
    .messages.at(-1)
    ?.parts.map((part) => part.type);
  expect(kinds).toEqual(["reasoning", "text"]);
  expect(talk.said("reasoning")).not.toBe("");
  expect(talk.said()).not.toBe("");
});

test("a page that is loaded anew shows the reply from its beginning, each word once", async () => {
  const before = chat("resumes");
  before.ask("one two three four", gated(2));
  await before.waitFor(() => expect(before.said()).toBe("one two"));
  const gate = `/api/scripted/gates/${generation(before)}`;
  await before.now().stop();
  before.unmount();

  const after = chat("resumes", [QUESTION], true);
  await after.waitFor(() => expect(after.said()).toBe("one two"));
  await post(gate);
  await after.waitFor(() => expect(after.now().status).toBe("ready"));
  expect(after.said()).toBe("one two three four");
  expect(after.now().messages).toHaveLength(2);

  await after.now().resumeStream();
  expect(after.now().status).toBe("ready");
  expect(after.now().messages).toHaveLength(2);
  const nobody = await fetch(`${server.url}/api/ui-message-stream/resumes/stream`, { headers });
  expect(nobody.status).toBe(204);
});

test("a reply that fails says so and keeps what it said", async () => {
  const talk = chat("fails");
  talk.ask("one two three", {
    ...FAST,
    script: { ...PACE, faults: [{ after: 2, kind: "error" }] },
  });
  await talk.waitFor(() => expect(talk.now().status).toBe("error"));
  expect(talk.errors).toEqual(["The scripted model failed, as it was asked to."]);
  expect(talk.said()).toBe("one two");
});

test("a reply that is cancelled ends, with what it said", async () => {
  const talk = chat("cancelled");
  talk.ask("one two three", gated(2));
  await talk.waitFor(() => expect(talk.said()).toBe("one two"));
  await post(`/api/generations/${generation(talk)}/cancel`);
  await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
  expect(talk.said()).toBe("one two");
  expect(talk.errors).toEqual([]);
});

test("what is refused is an error that names what is wrong", async () => {
  const talk = chat("refused");
  talk.ask("hello", { model: "scripted/none" });
  await talk.waitFor(() => expect(talk.now().status).toBe("error"));
  expect(JSON.parse(talk.errors[0] ?? "")).toMatchObject({ code: "unknown_model", field: "model" });
  const other = await fetch(`${server.url}/api/ui-message-stream/refused/stream`);
  expect(other.status).toBe(204);
});
