import type { Conversation, ConversationSummary } from "../../api/schema";

/** A stored conversation with some members overridden. */
export function conversation(id: string, members: Partial<Conversation> = {}): Conversation {
  return {
    id,
    title: `Title of ${id}`,
    created_at: "2026-11-01T10:00:00.000Z",
    updated_at: "2026-11-01T10:00:00.000Z",
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
    ...members,
  };
}

/** How to handle the next matching request. */
interface Refusal {
  readonly method: string;
  readonly detail: string;
}

/**
 * The conversations of a server in memory, with the order and the cursors of the real
 * one. `pageSize` limits the size of its pages.
 */
export class FakeServer {
  readonly requests: string[] = [];
  readonly #pageSize: number;
  readonly #kept = new Map<string, Conversation>();
  readonly #deleted = new Map<string, Conversation>();
  #refusal: Refusal | null = null;
  #gate: Promise<void> | null = null;
  #delay: { method: string; gate: Promise<void> } | null = null;

  constructor(kept: readonly Conversation[] = [], pageSize = 200) {
    this.#pageSize = pageSize;
    for (const each of kept) this.#kept.set(each.id, each);
  }

  /** Refuses the next request with this method. */
  refuse(method: string, detail: string): void {
    this.#refusal = { method, detail };
  }

  /** Delays the next response until `gate` opens. */
  holdNext(gate: Promise<void>): void {
    this.#gate = gate;
  }

  /** Delays the next request with this method until `gate` opens. */
  delayNext(method: string, gate: Promise<void>): void {
    this.#delay = { method, gate };
  }

  get(id: string): Conversation | undefined {
    return this.#kept.get(id);
  }

  /** Changes or creates a conversation like another client. */
  set(id: string, change: Partial<Conversation>): void {
    const before = this.#kept.get(id) ?? conversation(id);
    this.#kept.set(id, { ...before, ...change, version: before.version + 1 });
  }

  delete(id: string): void {
    const gone = this.#kept.get(id);
    if (gone !== undefined) this.#deleted.set(id, gone);
    this.#kept.delete(id);
  }

  /** A list, newest first. */
  list(pinned: boolean, archived = false): readonly ConversationSummary[] {
    return [...this.#kept.values()]
      .filter((each) => each.pinned === pinned && each.archived === archived)
      .sort((a, b) => order(b).localeCompare(order(a)));
  }

  readonly fetch = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(path, "http://server");
    const method = init.method ?? "GET";
    this.requests.push(`${method} ${url.pathname}`);
    init.signal?.throwIfAborted();
    if (this.#delay?.method === method) {
      const { gate } = this.#delay;
      this.#delay = null;
      await gate;
    }
    const gate = this.#gate;
    this.#gate = null;
    const answer = await this.#answer(method, url, init);
    if (gate !== null) await Promise.race([gate, aborted(init.signal)]);
    return answer;
  };

  async #answer(method: string, url: URL, init: RequestInit): Promise<Response> {
    if (this.#refusal?.method === method) {
      const { detail } = this.#refusal;
      this.#refusal = null;
      return refused(400, "invalid_request", detail);
    }
    const [, id = "", action] =
      /^\/api\/conversations\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname) ?? [];
    if (id === "" && method === "DELETE") {
      this.#kept.clear();
      return new Response(null, { status: 204 });
    }
    if (id === "") return Response.json(this.#page(url.searchParams));
    if (id === "search") return Response.json(this.#search(url.searchParams.get("q") ?? ""));
    if (id === "import") return this.#import(JSON.parse(await (init.body as Blob).text()));
    return this.#one(method, id, action, init);
  }

  #one(method: string, id: string, action: string | undefined, init: RequestInit): Response {
    if (action === "restore") {
      const back = this.#deleted.get(id);
      if (back !== undefined) this.#kept.set(id, back);
    }
    const match = this.#kept.get(id);
    if (match === undefined) return refused(404, "not_found", "there is no such conversation");
    if (action === "share") {
      const share = method === "POST" ? "token" : null;
      this.set(id, { share, shared: share !== null });
      return share === null
        ? new Response(null, { status: 204 })
        : Response.json({ token: share, path: `/s/${share}` });
    }
    if (method === "DELETE") {
      this.delete(id);
      return new Response(null, { status: 204 });
    }
    if (method === "PATCH") this.set(id, JSON.parse(String(init.body)));
    return Response.json(this.#kept.get(id));
  }

  #page(query: URLSearchParams) {
    const after = query.get("cursor");
    const listed = this.list(query.get("pinned") === "true", query.get("archived") === "true");
    const rest = after === null ? listed : listed.filter((each) => order(each) < after);
    const conversations = rest.slice(0, this.#pageSize);
    const last = conversations.at(-1);
    const isMore = rest.length > conversations.length && last !== undefined;
    return { conversations, cursor: isMore ? order(last) : null };
  }

  #search(words: string) {
    const matches = [...this.#kept.values()].filter(({ title }) => title.includes(words));
    const results = matches.map((each) => ({
      conversation: each,
      message: "msg_1",
      title: [{ text: each.title, match: false }],
      snippet: [
        { text: "before ", match: false },
        { text: words, match: true },
      ],
    }));
    return { results, cursor: null };
  }

  #import(archive: { format?: string; conversations?: { title: string }[] }): Response {
    if (archive.format !== "headwater") return refused(400, "invalid_request", "format is missing");
    const conversations = (archive.conversations ?? []).map(({ title }, index) => {
      const taken = conversation(`imported_${index}`, { title });
      this.#kept.set(taken.id, taken);
      return taken;
    });
    return Response.json({ conversations, existing: 0 }, { status: 201 });
  }
}

function order({ updated_at, id }: ConversationSummary): string {
  return `${updated_at} ${id}`;
}

function refused(status: number, code: string, detail: string): Response {
  const headers = { "Content-Type": "application/problem+json" };
  return new Response(JSON.stringify({ status, code, detail }), { status, headers });
}

/** Rejects when the request is aborted. */
function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
