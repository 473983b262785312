import type { QueryClient } from "@tanstack/react-query";
import type { Transport } from "../../generation/transport";

/** The last thing that a page has sent for each conversation and that is not answered yet. */
const latest = new WeakMap<QueryClient, Map<string, Promise<unknown>>>();

/**
 * Sends what belongs to a conversation once everything before it has been answered, so that nothing is
 * overtaken on its way and what was done last is what counts.
 */
export async function sendInOrder<T>(
  client: QueryClient,
  id: string,
  send: () => Promise<T>,
): Promise<T> {
  const sent = latest.get(client) ?? new Map<string, Promise<unknown>>();
  latest.set(client, sent);
  const before = sent.get(id);
  const mine = before === undefined ? send() : before.then(send, send);
  sent.set(id, mine);
  try {
    return await mine;
  } finally {
    if (sent.get(id) === mine) sent.delete(id);
  }
}

/** A transport that begins a reply once the changes of its conversation have been answered: they count for it. */
export function startingInOrder(transport: Transport, client: QueryClient): Transport {
  return {
    ...transport,
    async *start(request, signal) {
      const before = latest.get(client)?.get(request.conversation ?? "");
      if (before !== undefined) await settled(before, signal);
      yield* transport.start(request, signal);
    },
  };
}

/** @throws the signal's reason when it aborts before */
function settled(sent: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    sent.then(resolve, resolve);
  });
}
