import { act } from "@testing-library/react";
import { vi } from "vitest";
import type { Conversation, Message } from "../../api/schema";
import type { Event, Outcome, Timing } from "../../generation/events";
import { addPart, textOf } from "../../generation/parts";
import type { Problem } from "../../generation/problem";
import {
  type Arrival,
  conversationOf,
  type NewChatRequest,
  type Origin,
  type StartRequest,
  type Transport,
} from "../../generation/transport";

import { message } from "./message";

const MODELS = [
  { id: "scripted/echo", name: "Echo", provider: "scripted", default: true },
  { id: "scripted/prose", name: "Prose", provider: "scripted" },
];
const NOW = "2026-11-22T10:00:00.000Z";

/** Waits for two frames, in which all changes are rendered. */
export async function frames(): Promise<void> {
  await act(async () => {
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
  });
}

/**
 * A server that the test controls. It sends events to the latest reply and
 * stores one conversation like the real one.
 */
export function chatServer(members: Partial<Conversation> = {}) {
  const requests: Omit<StartRequest, "ids">[] = [];
  const ids: Partial<NewChatRequest["ids"]>[] = [];
  let latest: StartRequest | undefined;
  const resumed: string[] = [];
  const changes: unknown[] = [];
  const queue: (Arrival | Error)[] = [];
  const held = new Map<string, Promise<void>>();
  let wake = () => {};
  let cursor = 0;
  let conversation: Conversation = { ...EMPTY, ...members };

  const keep = (saved: Message) => {
    const others = conversation.messages.filter(({ id }) => id !== saved.id);
    conversation = { ...conversation, messages: [...others, saved], leaf: saved.id };
  };
  const lastMessage = () => conversation.messages.at(-1) as Message;

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
    await act(async () => wake());
    await frames();
  };
  const add = (part: Message["parts"][number]) => {
    cursor += 1;
    const parts = addPart(lastMessage().parts, part) as Message["parts"];
    const [text, reasoning] = [textOf(parts), textOf(parts, "reasoning")];
    keep({ ...lastMessage(), parts, text, reasoning, cursor });
    return send({ kind: "part", cursor, part });
  };
  const transport = {
    read(origin: Origin, signal: AbortSignal) {
      if ("generation" in origin) {
        resumed.push(`${origin.generation}:${origin.cursor}`);
        cursor = origin.cursor;
        return read(signal);
      }
      const { ids: chosen, ...rest } = origin.request;
      requests.push(rest);
      ids.push(chosen);
      latest = origin.request;
      cursor = 0;
      return read(signal);
    },
    cancel: vi.fn(async () => undefined),
  } satisfies Transport;

  const answer: typeof fetch = async (input, init) => {
    const path = String(input);
    if (path === "/api/models") return Response.json(MODELS);
    const method = init?.method ?? "GET";
    const arrival = held.get(method);
    held.delete(method);
    await arrival;
    if (path !== `/api/conversations/${conversation.id}`) {
      return Response.json({ code: "not_found", title: "Not Found" }, { status: 404 });
    }
    if (method === "PATCH") {
      const change = JSON.parse(String(init?.body));
      changes.push(change);
      conversation = { ...conversation, ...change };
    }
    return Response.json(conversation);
  };

  return {
    transport,
    /** The requests, and the ids that the page chose for them. */
    requests,
    ids,
    /** The stored conversation. */
    kept: () => conversation,
    resumed,
    changes,
    fetch: answer,
    /** Delays the next request with this method until the returned function is called. */
    hold: (method: "GET" | "PATCH") => {
      let arrive = () => {};
      held.set(method, new Promise((resolve) => (arrive = resolve)));
      return async () => {
        await act(async () => arrive());
        await frames();
      };
    },
    refuse: (problem: Problem) => send(problem),
    /** Makes the server unreachable. */
    lose: () => send(new TypeError("network error")),
    start: async () => {
      const request = latest as StartRequest;
      const parent = "to" in request ? request.to : request.ids.message;
      conversation = { ...conversation, id: conversationOf(request) };
      const names = {
        generation: request.ids.generation,
        conversation: conversation.id,
        message: request.ids.reply,
        parent,
        model: "scripted/echo",
      };
      if (!("to" in request)) {
        const before = request.parent === "root" ? null : (request.parent ?? null);
        keep(message({ id: parent, parent: before, role: "user", text: request.message }));
      }
      const { generation, model } = names;
      const reply = { id: names.message, parent, generation, model, running: true } as const;
      keep(message({ ...reply, role: "assistant" }));
      await send({ kind: "start", cursor: 0, start: names });
    },
    /** Changes the stored latest reply without sending an event. */
    save: (saved: Partial<Message>) => keep({ ...lastMessage(), ...saved }),
    think: (text: string) => add({ type: "reasoning", text }),
    say: (text: string) => add({ type: "text", text }),
    end: (outcome: Outcome) => {
      const kept = { ...outcome, timing: saved(outcome.timing) } as Message["outcome"];
      keep({ ...lastMessage(), running: false, outcome: kept });
      return send({ kind: "outcome", outcome });
    },
  };
}

/** Timing as on the wire. */
function saved(timing: Timing) {
  return {
    first_token_ms: timing.firstTokenMs,
    duration_ms: timing.durationMs,
    tokens: timing.tokens,
    tokens_per_second: timing.tokensPerSecond,
    longest_gap_ms: timing.longestGapMs,
    server_ms: timing.serverMs,
    provider_ms: timing.providerMs,
  };
}

const EMPTY: Conversation = {
  id: "conv_1",
  title: "A title",
  created_at: NOW,
  updated_at: NOW,
  pinned: false,
  archived: false,
  shared: false,
  running: false,
  version: 1,
  leaf: null,
  model: null,
  system: null,
  temperature: null,
  max_tokens: null,
  share: null,
  messages: [],
};
