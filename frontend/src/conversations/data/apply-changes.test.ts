import { InfiniteQueryObserver, type QueryClient, QueryObserver } from "@tanstack/react-query";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ListChoice, listConversations, readConversation } from "../../api/conversations";
import type { ConversationList } from "../../api/schema";
import { conversation, FakeServer } from "../testing/fake-server";
import { applyChanges, changeReader } from "./apply-changes";
import { invalidateAll } from "./cache";
import { keys } from "./keys";
import { conversationsOf, type Listed } from "./pages";
import { createQueryClient } from "./query-client";

const OPEN: ListChoice = { archived: false, pinned: false };
const PINNED: ListChoice = { archived: false, pinned: true };

const query = (choice: ListChoice) => ({
  queryKey: keys.list(choice),
  queryFn: ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) =>
    listConversations(choice, pageParam, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last: ConversationList) => last.cursor,
  structuralSharing: false,
});

/** Shows a list, and starts to read it if necessary. */
function show(client: QueryClient, choice: ListChoice) {
  const observer = new InfiniteQueryObserver(client, query(choice));
  observer.subscribe(() => undefined);
  return observer;
}

/** A page with lists of which `pages` have been read. */
async function page(server: FakeServer, pages = 1) {
  vi.stubGlobal("fetch", server.fetch);
  const client = createQueryClient();
  for (const choice of [OPEN, PINNED]) {
    await client.fetchInfiniteQuery({ ...query(choice), pages });
    show(client, choice);
  }
  server.requests.length = 0;
  return client;
}

const shown = (client: QueryClient, choice: ListChoice) =>
  conversationsOf(client.getQueryData<Listed>(keys.list(choice)));
const ids = (client: QueryClient, choice = OPEN) => shown(client, choice).map(({ id }) => id);

/** Conversations; higher numbers are newer. */
const some = (count: number) =>
  Array.from({ length: count }, (_, number) =>
    conversation(`conv_${number}`, { updated_at: time(number) }),
  );
const time = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

afterEach(() => vi.unstubAllGlobals());

describe("applyChanges", () => {
  it("puts a conversation that went on at the top, with one request for each list", async () => {
    const server = new FakeServer(some(10), 4);
    const client = await page(server, 3);
    server.set("conv_0", { updated_at: time(20) });
    await applyChanges(client, ["conv_0"]);
    expect(ids(client)).toEqual([0, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((number) => `conv_${number}`));
    expect(server.requests).toEqual(["GET /api/conversations", "GET /api/conversations"]);
  });

  it("reads one that changed far down by itself, not the pages before it", async () => {
    const server = new FakeServer(some(20), 5);
    const client = await page(server, 4);
    server.set("conv_1", { title: "Other" });
    await applyChanges(client, ["conv_1"]);
    expect(shown(client, OPEN).find(({ id }) => id === "conv_1")?.title).toBe("Other");
    expect(server.requests.sort()).toEqual([
      "GET /api/conversations",
      "GET /api/conversations",
      "GET /api/conversations/conv_1",
    ]);
  });

  it("keeps the last one that was read, when it is that which changed", async () => {
    const server = new FakeServer(some(10), 4);
    const client = await page(server);
    server.set("conv_6", { title: "Other" });
    await applyChanges(client, ["conv_6"]);
    expect(shown(client, OPEN).map(({ title }) => title)).toEqual([
      "Title of conv_9",
      "Title of conv_8",
      "Title of conv_7",
      "Other",
    ]);
  });

  it("drops one that was deleted far down", async () => {
    const server = new FakeServer(some(20), 5);
    const client = await page(server, 4);
    server.delete("conv_2");
    await applyChanges(client, ["conv_2"]);
    expect(ids(client)).toEqual(server.list(false).map(({ id }) => id));
  });

  it("moves one between the lists", async () => {
    const server = new FakeServer(some(20), 5);
    const client = await page(server, 4);
    server.set("conv_3", { pinned: true });
    await applyChanges(client, ["conv_3"]);
    expect(ids(client, PINNED)).toEqual(["conv_3"]);
    expect(ids(client)).not.toContain("conv_3");
  });

  it("reads the conversation on the page again, and leaves others alone", async () => {
    const server = new FakeServer(some(3));
    const client = await page(server);
    for (const id of ["conv_0", "conv_1"]) {
      const observer = new QueryObserver(client, {
        queryKey: keys.one(id),
        queryFn: () => readConversation(id),
      });
      observer.subscribe(() => undefined);
      await vi.waitFor(() => expect(observer.getCurrentResult().data).toBeDefined());
    }
    server.requests.length = 0;
    await applyChanges(client, ["conv_1"]);
    expect(server.requests).toContain("GET /api/conversations/conv_1");
    expect(server.requests).not.toContain("GET /api/conversations/conv_0");
  });

  it("reads all that is shown again when too much changed far down", async () => {
    const server = new FakeServer(some(40), 5);
    const client = await page(server, 8);
    const changed = Array.from({ length: 15 }, (_, number) => `conv_${number}`);
    for (const id of changed) server.set(id, { title: "Other" });
    await applyChanges(client, changed);
    await vi.waitFor(() =>
      expect(shown(client, OPEN).filter(({ title }) => title === "Other")).toHaveLength(15),
    );
    expect(server.requests).not.toContain("GET /api/conversations/conv_0");
  });

  it.each([
    ["a change", (client: QueryClient) => applyChanges(client, ["conv_9"])],
    ["a feed that begins", invalidateAll],
  ])("takes no first answer from before %s", async (_, tell) => {
    const server = new FakeServer(some(3));
    vi.stubGlobal("fetch", server.fetch);
    const client = createQueryClient();
    let release = () => {};
    server.holdNext(new Promise((resolve) => (release = resolve)));
    show(client, OPEN);
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    server.set("conv_9", { updated_at: time(9) });
    await tell(client);
    release();
    await vi.waitFor(() =>
      expect(ids(client)).toEqual([9, 2, 1, 0].map((number) => `conv_${number}`)),
    );
  });

  it("keeps a change that comes while more of a list is read", async () => {
    const server = new FakeServer(some(10), 4);
    const client = await page(server);
    const observer = show(client, OPEN);
    let release = () => {};
    server.holdNext(new Promise((resolve) => (release = resolve)));
    const more = observer.fetchNextPage();
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    server.set("conv_9", { title: "Other", updated_at: time(20) });
    await applyChanges(client, ["conv_9"]);
    release();
    await more;
    await observer.fetchNextPage();
    expect(ids(client)).toEqual([9, 8, 7, 6, 5, 4, 3, 2].map((number) => `conv_${number}`));
    expect(shown(client, OPEN)[0]?.title).toBe("Other");
  });

  it("works on what is batch meanwhile together", async () => {
    const server = new FakeServer(some(3));
    const client = await page(server);
    const read = changeReader(client);
    for (const [minute, id] of ["conv_0", "conv_1", "conv_2"].entries()) {
      server.set(id, { title: `New ${id}`, updated_at: time(100 + minute) });
      read([id]);
    }
    await vi.waitFor(() =>
      expect(shown(client, OPEN).map(({ title }) => title)).toEqual(
        ["conv_2", "conv_1", "conv_0"].map((id) => `New ${id}`),
      ),
    );
    // The first change, and the other two together; each reads two lists.
    expect(server.requests).toHaveLength(4);
  });

  const action = fc.record({
    kind: fc.constantFrom(
      "goes on",
      "renamed",
      "pinned",
      "unpinned",
      "archived",
      "back",
      "deleted",
      "new",
    ),
    number: fc.nat(24),
  });
  it("always shows what the server has, whatever happened and however much was read", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(action, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 6 }),
        async (batches, pages) => {
          const server = new FakeServer(some(20), 4);
          const client = await page(server, pages);
          let minute = 100;
          for (const batch of batches) {
            for (const { kind, number } of batch) {
              const id = `conv_${number}`;
              minute += 1;
              if (kind === "deleted") server.delete(id);
              else if (kind === "new") server.set(`new_${minute}`, { updated_at: time(minute) });
              else if (server.get(id) === undefined) continue;
              else if (kind === "goes on") server.set(id, { updated_at: time(minute) });
              else if (kind === "renamed") server.set(id, { title: `Title ${minute}` });
              else if (kind === "pinned" || kind === "unpinned")
                server.set(id, { pinned: kind === "pinned" });
              else server.set(id, { archived: kind === "archived" });
            }
            const named = batch.map(({ kind, number }) => (kind === "new" ? "" : `conv_${number}`));
            const made = server.list(false).filter(({ id }) => id.startsWith("new_"));
            await applyChanges(client, [
              ...new Set([...named.filter((id) => id !== ""), ...made.map(({ id }) => id)]),
            ]);
          }
          for (const choice of [OPEN, PINNED]) {
            const known = shown(client, choice);
            const truth = server.list(choice.pinned);
            const complete =
              client.getQueryData<Listed>(keys.list(choice))?.pages.at(-1)?.cursor === null;
            const expected = complete ? truth : truth.slice(0, known.length);
            const strip = (all: typeof known) => all.map(({ id, title }) => `${id} ${title}`);
            expect(strip(known)).toEqual(strip(expected));
          }
          client.clear();
        },
      ),
      { numRuns: 100 },
    );
  });
});
