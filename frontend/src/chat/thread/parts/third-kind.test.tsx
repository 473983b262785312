// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { emptyReply, fold, type Reply } from "../../../generation/fold";
import { follow } from "../../../generation/following/follow";
import { stringIn } from "../../../generation/members";
import { type Part, partsOf, textPart } from "../../../generation/parts";
import { HELLO } from "../../../generation/testing/requests";
import { steadyNetwork } from "../../../generation/testing/steady-network";
import connectTransport from "../../../generation/transports/connect";
import { envelope } from "../../../generation/transports/envelopes";
import { browserEnvironment } from "../../../generation/transports/environment";
import sseTransport from "../../../generation/transports/sse";
import { loadMarkdown } from "../use-markdown";
import { Parts } from "./parts";
import { addDrawnKind, type PartProps } from "./registry";

/** A kind as its own file would register it. */
interface Source extends Part {
  readonly titles: readonly string[];
}

addDrawnKind<Source>({
  type: "sources",
  kind: {
    type: "sources",
    event: "source",
    read: (event) => ({ type: "sources", titles: [stringIn(event, "title")] }),
    join: (last, next) => ({ type: "sources", titles: [...last.titles, ...next.titles] }),
  },
  View: ({ part }: PartProps<Source>) => <cite>{part.titles.join(", ")}</cite>,
});

const START = {
  generation: "gen_1",
  conversation: "conv_1",
  message: "msg_2",
  parent: "msg_1",
  model: "scripted/prose",
};

const EVENTS: readonly (readonly [string, object])[] = [
  ["token", { token: "One" }],
  ["source", { title: "A book" }],
  ["source", { title: "a page" }],
  ["weather", { mood: "new" }],
  ["reasoning", { token: "Hm." }],
  ["token", { token: "Two" }],
];

/** The events as server-sent events, and as members of Connect messages. */
const RESPONSES = {
  sse: () => {
    const event = (name: string, id: number | string, data: object) =>
      `id: gen_1:${id}\n${name === "token" ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
    return [
      event("start", 0, START),
      ...EVENTS.map(([name, data], index) => event(name, index + 1, data)),
      event("outcome", "end", { status: "completed" }),
    ].join("");
  },
  connect: () => {
    const { generation, ...start } = START;
    const messages = EVENTS.map(([name, data], index) => {
      const event = "token" in data ? { [name]: data.token } : { event: name, data };
      return { generation, cursor: index + 1, ...event };
    });
    const outcome = { status: "completed" };
    const all = [{ generation, start }, ...messages, { generation, done: true, outcome }];
    return new Blob(all.map((message) => envelope(message)));
  },
};

async function read(name: keyof typeof RESPONSES): Promise<Reply> {
  const type = name === "sse" ? "text/event-stream" : "application/connect+json";
  const body = RESPONSES[name]();
  const environment = {
    ...browserEnvironment,
    fetch: async () =>
      new Response(body instanceof Blob ? await body.arrayBuffer() : body, {
        headers: { "Content-Type": type },
      }),
  };
  const transport = name === "sse" ? sseTransport(environment) : connectTransport(environment);
  const { signal } = new AbortController();
  let reply = emptyReply(0);
  const origin = { request: HELLO };
  for await (const step of follow({ transport, origin, signal, network: steadyNetwork() })) {
    reply = fold(reply, step, 0);
  }
  return reply;
}

const SAVED: readonly Part[] = partsOf({
  parts: [
    textPart("One"),
    { type: "sources", titles: ["A book", "a page"] },
    textPart("Hm.", "reasoning"),
    textPart("Two"),
  ],
});

beforeAll(loadMarkdown);
afterEach(cleanup);

/** The rendered parts in order. */
function drawn(parts: readonly Part[]): readonly (string | undefined)[] {
  const { container } = render(<Parts parts={parts} end="complete" />);
  const all = container.querySelectorAll(
    "[data-testid=reply-text], [data-testid=reasoning-text], cite",
  );
  return [...all].map((each) => each.textContent?.trim());
}

describe("a third kind of parts", () => {
  it.each(["sse", "connect"] as const)("is read and folded over %s, in its place", async (name) => {
    const reply = await read(name);
    expect(reply.ending?.status).toBe("completed");
    expect(reply.parts).toEqual(SAVED);
  });

  it("is drawn in its place", () => {
    expect(drawn(SAVED)).toEqual(["One", "A book, a page", "Hm.", "Two"]);
  });

  it("is left out where it is unknown, and nothing else is", () => {
    const parts = [textPart("One"), { type: "of a newer server" }, textPart("Two")];
    expect(drawn(parts)).toEqual(["One", "Two"]);
  });

  it("leaves the cursor in the text that comes next", () => {
    render(<Parts parts={SAVED.slice(0, 2)} end="open" />);
    const texts = screen.getAllByTestId("reply-text");
    expect(texts).toHaveLength(2);
    expect(texts[1]?.contains(screen.getByTestId("typing-cursor"))).toBe(true);
  });
});
