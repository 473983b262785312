// @vitest-environment jsdom
// The AI SDK's `useChat`, as it is installed, against a real server: version 6, and 7, whose React package is 4.
import * as react3 from "@ai-sdk/react";
import * as react4 from "@ai-sdk/react4";
import { cleanup, renderHook, waitFor } from "@testing-library/react";
import * as ai6 from "ai";
import * as ai7 from "ai7";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, startServer } from "./running-server.ts";

type Metadata = { generation: string; model: string };
type Message6 = ai6.UIMessage<Metadata>;
type Message7 = ai7.UIMessage<Metadata>;
type Helpers = react3.UseChatHelpers<Message6> | react4.UseChatHelpers<Message7>;

interface Server {
  api: string;
  headers: Record<string, string>;
}

interface Options {
  id: string;
  messages: (Message6 & Message7)[];
  resume: boolean;
  onError(error: Error): void;
}

const VERSIONS = [
  {
    name: "AI SDK 6",
    hook(server: Server, options: Options) {
      const transport = new ai6.DefaultChatTransport<Message6>(server);
      return () => react3.useChat<Message6>({ ...options, transport });
    },
  },
  {
    name: "AI SDK 7",
    hook(server: Server, options: Options) {
      const transport = new ai7.DefaultChatTransport<Message7>(server);
      return () => react4.useChat<Message7>({ ...options, transport });
    },
  },
];

const PACE = { tokens_per_second: 100_000 };
const FAST = { model: "scripted/echo", script: PACE };
const QUESTION: Message6 & Message7 = {
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

function replyText(message: Message6 | Message7 | undefined, kind: "text" | "reasoning"): string {
  if (message?.role !== "assistant") return "";
  return message.parts.map((part) => (part.type === kind ? part.text : "")).join("");
}

async function post(path: string): Promise<void> {
  const answer = await fetch(server.url + path, { method: "POST", headers });
  expect(answer.ok).toBe(true);
}

/** The generation that is being read. */
function generation(of: { now(): Helpers }): string {
  return of.now().messages.at(-1)?.metadata?.generation ?? "";
}

describe.each(VERSIONS)("$name", ({ hook }) => {
  function chat(id: string, messages: Options["messages"] = [], resume = false) {
    const errors: string[] = [];
    const onError = (error: Error) => errors.push(error.message);
    const api = `${server.url}/api/ui-message-stream`;
    const rendered = renderHook<Helpers, unknown>(
      hook({ api, headers }, { id, messages, resume, onError }),
    );
    const now = () => rendered.result.current;
    return {
      now,
      errors,
      unmount: rendered.unmount,
      ask: (text: string, body: object) => void now().sendMessage({ text }, { body }),
      replyText: (kind: "text" | "reasoning" = "text") => replyText(now().messages.at(-1), kind),
      waitFor: (check: () => void) => waitFor(check, { timeout: 20_000 }),
    };
  }

  test("a reply grows, and the next question has it before it", async () => {
    const talk = chat("grows");
    talk.ask("one two three four", gated(2));
    await talk.waitFor(() => expect(talk.replyText()).toBe("one two"));
    expect(talk.now().status).toBe("streaming");
    await post(`/api/scripted/gates/${generation(talk)}`);
    await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
    expect(talk.replyText()).toBe("one two three four");

    talk.ask("five", FAST);
    await talk.waitFor(() => expect(talk.replyText()).toBe("five"));
    await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
    void talk.now().regenerate({ body: { ...FAST, model: "scripted/prose", max_tokens: 1 } });
    await talk.waitFor(() => expect(talk.replyText()).not.toBe("five"));
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
    await talk.waitFor(() => expect(talk.replyText()).not.toBe(""));
    await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
    const kinds = talk
      .now()
      .messages.at(-1)
      ?.parts.map((part) => part.type);
    expect(kinds).toEqual(["reasoning", "text"]);
    expect(talk.replyText("reasoning")).not.toBe("");
    expect(talk.replyText()).not.toBe("");
  });

  test("a page that is loaded anew shows the reply from its beginning, each word once", async () => {
    const before = chat("resumes");
    before.ask("one two three four", gated(2));
    await before.waitFor(() => expect(before.replyText()).toBe("one two"));
    const gate = `/api/scripted/gates/${generation(before)}`;
    await before.now().stop();
    before.unmount();

    const after = chat("resumes", [QUESTION], true);
    await after.waitFor(() => expect(after.replyText()).toBe("one two"));
    await post(gate);
    await after.waitFor(() => expect(after.now().status).toBe("ready"));
    expect(after.replyText()).toBe("one two three four");
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
    expect(talk.replyText()).toBe("one two");
  });

  test("a reply that is cancelled ends, with what it said", async () => {
    const talk = chat("cancelled");
    talk.ask("one two three", gated(2));
    await talk.waitFor(() => expect(talk.replyText()).toBe("one two"));
    await post(`/api/generations/${generation(talk)}/cancel`);
    await talk.waitFor(() => expect(talk.now().status).toBe("ready"));
    expect(talk.replyText()).toBe("one two");
    expect(talk.errors).toEqual([]);
  });

  test("what is refused is an error that names what is wrong", async () => {
    const talk = chat("refused");
    talk.ask("hello", { model: "scripted/none" });
    await talk.waitFor(() => expect(talk.now().status).toBe("error"));
    expect(JSON.parse(talk.errors[0] ?? "")).toMatchObject({
      code: "unknown_model",
      field: "model",
    });
    const other = await fetch(`${server.url}/api/ui-message-stream/refused/stream`);
    expect(other.status).toBe(204);
  });
});
