import type { QueryClient } from "@tanstack/react-query";
import type { Transport } from "../../generation/transport";

/** The last unanswered request for each conversation. */
const latest = new WeakMap<QueryClient, Map<string, Promise<unknown>>>();

/** Sends the requests of a conversation one after another, so that the last change wins. */
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

/** A transport that starts a reply after all changes of its conversation, so that they apply to the reply. */
export function startingInOrder(transport: Transport, client: QueryClient): Transport {
  return {
    ...transport,
    async *read(origin, signal) {
      const conversation = "request" in origin ? origin.request.conversation : undefined;
      const before = latest.get(client)?.get(conversation ?? "");
      if (before !== undefined) await settled(before, signal);
      yield* transport.read(origin, signal);
    },
  };
}

/** @throws the signal's reason when it aborts first */
function settled(sent: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    sent.then(resolve, resolve);
  });
}
