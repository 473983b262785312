import { useSyncExternalStore } from "react";
import type { Message } from "../../api/schema";
import { ExternalStore } from "../../generation/external-store";
import { LiveReply } from "../../generation/following/live-reply";
import { firstTokenMs, wasCollected } from "../../generation/pace";
import { partsOf } from "../../generation/parts";
import { conversationOf, type StartRequest, type Transport } from "../../generation/transport";
import { type Exchange, replyId } from "./exchange";
import { startOf } from "./optimistic";

/** An immutable snapshot. */
interface PendingState {
  /** The exchanges that are not in the saved conversation yet, by conversation. */
  readonly exchanges: ReadonlyMap<string, readonly Exchange[]>;
  /** The replies that the page follows, by the id of their message. */
  readonly replies: ReadonlyMap<string, LiveReply>;
}

interface PendingOptions {
  readonly transport: Transport;
  /** Called when a reply has started or ended, so that its conversation must be read again. */
  readonly onChange?: (conversation: string) => void;
  /** Called when the server has refused a request. */
  readonly onRefused?: (request: StartRequest) => void;
  /** Called once, when a proxy has buffered a reply. */
  readonly onCollected?: () => void;
}

/**
 * The exchanges and the running replies of the whole page. They are outside of React, so that a reply continues while
 * the person looks at another conversation.
 */
export class PendingExchanges extends ExternalStore {
  readonly #options: PendingOptions;
  readonly #waited = new Map<string, number>();
  #state: PendingState = { exchanges: new Map(), replies: new Map() };
  #isCollected = false;

  constructor(options: PendingOptions) {
    super();
    this.#options = options;
  }

  readonly getSnapshot = (): PendingState => this.#state;

  /** The time to the first token of a message in milliseconds; null if the page did not see it start. */
  readonly waitedMs = (message: string): number | null => {
    const reply = this.#state.replies.get(message);
    if (reply === undefined) return this.#waited.get(message) ?? null;
    return firstTokenMs(reply.getSnapshot().pace);
  };

  /** Sends a request and drops unaccepted exchanges of its conversation. */
  begin(request: StartRequest): Exchange {
    const conversation = conversationOf(request);
    const reply = new LiveReply(request, this.#options);
    const exchange: Exchange = { request, reply, state: "sent", isShown: true };
    this.#dropUnaccepted(conversation);
    this.#change({
      exchanges: put(this.#state.exchanges, conversation, [...this.#in(conversation), exchange]),
      replies: put(this.#state.replies, replyId(exchange), reply),
    });
    void reply.started.then((start) => {
      if (start === null) return;
      this.#replace(conversation, exchange, { state: "started" });
      this.#options.onChange?.(conversation);
    });
    void reply.ended.then(() => this.#ended(conversation, exchange));
    return exchange;
  }

  /** Follows a running message, unless the page does so already. */
  follow(conversation: string, message: Message): void {
    const { id, generation, cursor } = message;
    if (generation === null || !this.#isMissing(message)) return;
    const soFar = { start: startOf(message, conversation), parts: partsOf(message), cursor };
    const reply = new LiveReply(soFar, this.#options);
    this.#change({ replies: put(this.#state.replies, id, reply) });
    void reply.ended.then(() => {
      this.#change({});
      this.#options.onChange?.(conversation);
    });
  }

  /** Drops the exchanges and the ended replies that the saved conversation contains. */
  settle(conversation: string, messages: readonly Message[]): void {
    const { replies, exchanges } = this.#state;
    const over = messages.filter(
      ({ id, running }) => !running && replies.get(id)?.getSnapshot().ending != null,
    );
    const saved = new Set(messages.map(({ id }) => id));
    const here = this.#in(conversation);
    const kept = here.filter((exchange) => !saved.has(replyId(exchange)));
    if (over.length === 0 && kept.length === here.length) return;
    const remaining = new Map(replies);
    for (const { id } of over) {
      const waitedMs = this.waitedMs(id);
      if (waitedMs !== null) this.#waited.set(id, waitedMs);
      remaining.delete(id);
    }
    this.#change({ exchanges: put(exchanges, conversation, kept), replies: remaining });
  }

  /** The person chose another branch, so exchanges no longer determine the one that is shown. */
  hideExchanges(conversation: string): void {
    this.#dropUnaccepted(conversation);
    const here = this.#in(conversation);
    if (!here.some(({ isShown }) => isShown)) return;
    const hidden = here.map((exchange) => ({ ...exchange, isShown: false }));
    this.#change({ exchanges: put(this.#state.exchanges, conversation, hidden) });
  }

  #ended(conversation: string, exchange: Exchange): void {
    const { start, pace, ending } = exchange.reply.getSnapshot();
    this.#replace(conversation, exchange, { state: start === null ? "unaccepted" : "started" });
    if (start !== null) this.#options.onChange?.(conversation);
    if (ending?.status === "refused") {
      this.#options.onRefused?.(exchange.request);
    } else if (!this.#isCollected && ending !== null && wasCollected(pace, ending.timing)) {
      this.#isCollected = true;
      this.#options.onCollected?.();
    }
  }

  // A reply that ended on the page, or whose start got no answer, may still be running on the server.
  #isMissing({ id, cursor }: Message): boolean {
    const followed = this.#state.replies.get(id)?.getSnapshot();
    if (followed === undefined) return true;
    const { ending, start } = followed;
    return ending !== null && (start === null || followed.cursor < cursor);
  }

  #in(conversation: string): readonly Exchange[] {
    return this.#state.exchanges.get(conversation) ?? [];
  }

  #dropUnaccepted(conversation: string): void {
    const unaccepted = this.#in(conversation).filter(({ state }) => state === "unaccepted");
    if (unaccepted.length === 0) return;
    const kept = this.#in(conversation).filter(({ state }) => state !== "unaccepted");
    const replies = new Map(this.#state.replies);
    for (const exchange of unaccepted) replies.delete(replyId(exchange));
    this.#change({ exchanges: put(this.#state.exchanges, conversation, kept), replies });
  }

  #replace(conversation: string, { reply }: Exchange, change: Partial<Exchange>): void {
    const exchanges = this.#in(conversation).map((exchange) =>
      exchange.reply === reply ? { ...exchange, ...change } : exchange,
    );
    this.#change({ exchanges: put(this.#state.exchanges, conversation, exchanges) });
  }

  #change(change: Partial<PendingState>): void {
    this.#state = { ...this.#state, ...change };
    this.notify();
  }
}

export function usePendingState(pending: PendingExchanges): PendingState {
  return useSyncExternalStore(pending.subscribe, pending.getSnapshot);
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}
