import { useSyncExternalStore } from "react";
import type { Message } from "../../api/schema";
import type { Start } from "../../generation/events";
import { uniqueKey } from "../../generation/key";
import { LiveReply } from "../../generation/live-reply";
import { firstTokenMs, wasCollected } from "../../generation/pace";
import type { StartRequest, Transport } from "../../generation/transport";

import { questionId, replyId, type Turn } from "./exchange";

/** Everything that runs on the page, as it is now. It is replaced, never changed. */
export interface TurnsState {
  /** What was asked for in each place and is not in the saved conversation yet. */
  readonly turns: ReadonlyMap<string, readonly Turn[]>;
  /** Replies that are followed, by the id of their message. */
  readonly replies: ReadonlyMap<string, LiveReply>;
  /** Keys of messages that were on the page before they had an id. */
  readonly keys: ReadonlyMap<string, string>;
  /** The conversation that began in a place, and the place where a conversation began. */
  readonly conversations: ReadonlyMap<string, string>;
  readonly places: ReadonlyMap<string, string>;
}

const NOTHING: TurnsState = {
  turns: new Map(),
  replies: new Map(),
  keys: new Map(),
  conversations: new Map(),
  places: new Map(),
};

interface TurnsOptions {
  readonly transport: Transport;
  /** Told when the server has begun or ended a reply in a conversation: it is to be read again. */
  readonly onMoved?: (conversation: string) => void;
  /** Told, once, when something between the server and the page has collected a reply. */
  readonly onCollected?: () => void;
}

/**
 * The turns and the running replies of the whole page. They are kept here, and not in what is drawn, so
 * that a reply goes on when the person looks at another conversation. A place is where a thread is
 * shown: a conversation's id, or the name of a new chat, which the conversation that begins there keeps.
 */
export class Turns {
  readonly #transport: Transport;
  readonly #onMoved: (conversation: string) => void;
  readonly #onCollected: () => void;
  readonly #listeners = new Set<() => void>();
  readonly #waited = new Map<string, number>();
  #state = NOTHING;
  #isCollected = false;

  constructor({ transport, onMoved = ignore, onCollected = ignore }: TurnsOptions) {
    this.#transport = transport;
    this.#onMoved = onMoved;
    this.#onCollected = onCollected;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): TurnsState => this.#state;

  /** How long the page waited for the first token of a message, in milliseconds; null when it did not see it. */
  readonly waitedMs = (message: string): number | null => {
    const reply = this.#state.replies.get(message);
    if (reply === undefined) return this.#waited.get(message) ?? null;
    return firstTokenMs(reply.getSnapshot().pace);
  };

  /**
   * Sends a request, whose turn is shown in `place` after the message `after`. What was refused there
   * before is dropped.
   *
   * @param question - what the person wrote, when the request brings a new message
   * @param key - of what may have been sent before: it is then the same turn
   */
  begin(
    place: string,
    after: string | null,
    request: StartRequest,
    question: string | null,
    key = uniqueKey(),
  ): Turn {
    const reply = new LiveReply(request, { transport: this.#transport, key });
    const turn: Turn = {
      key,
      question,
      after,
      request,
      reply,
      start: null,
      isRefused: false,
      isShown: true,
    };
    this.#dropRefused(place);
    this.#change({
      turns: put(this.#state.turns, place, [...this.#at(place), turn]),
      replies: put(this.#state.replies, replyId(turn), reply),
    });
    void reply.started.then((start) => this.#named(place, turn, start));
    void reply.ended.then(() => this.#ended(place, turn));
    return turn;
  }

  /** Follows a saved message that still runs, unless the page does so already. */
  follow(conversation: string, message: Message): void {
    const { id, generation, text, reasoning, cursor } = message;
    if (generation === null || !this.#isMissing(message)) return;
    const start: Start = {
      generation,
      conversation,
      message: id,
      parent: message.parent ?? "",
      model: message.model ?? "",
    };
    const soFar = { start, text, reasoning, cursor };
    const reply = new LiveReply(soFar, { transport: this.#transport });
    this.#change({ replies: put(this.#state.replies, id, reply) });
    void reply.ended.then(() => {
      this.#change({});
      this.#onMoved(conversation);
    });
  }

  /** Drops what the saved conversation has: turns whose messages are in it, replies that have ended. */
  settle(place: string, messages: readonly Message[]): void {
    const { replies } = this.#state;
    const over = messages.filter(
      ({ id, running }) => !running && replies.get(id)?.getSnapshot().ending != null,
    );
    const saved = new Set(messages.map(({ id }) => id));
    const here = this.#at(place);
    const kept = here.filter((turn) => !saved.has(replyId(turn)));
    if (over.length === 0 && kept.length === here.length) return;
    const left = new Map(replies);
    for (const { id } of over) {
      const waitedMs = this.waitedMs(id);
      if (waitedMs !== null) this.#waited.set(id, waitedMs);
      left.delete(id);
    }
    this.#change({ turns: put(this.#state.turns, place, kept), replies: left });
  }

  /** The person looks at another branch in this place: what was asked for no longer leads there. */
  stepAside(place: string): void {
    this.#dropRefused(place);
    if (!this.#at(place).some(({ isShown }) => isShown)) return;
    const turns = this.#at(place).map((turn) => ({ ...turn, isShown: false }));
    this.#change({ turns: put(this.#state.turns, place, turns) });
  }

  #named(place: string, turn: Turn, start: Start | null): void {
    if (start === null) return;
    const named = { ...turn, start };
    const question = questionId(named);
    const keys = new Map(this.#state.keys).set(start.message, `${turn.key}-reply`);
    if (turn.question !== null && question !== null) keys.set(question, `${turn.key}-question`);
    this.#replace(place, turn.key, { start });
    this.#change({
      keys,
      replies: put(this.#state.replies, start.message, turn.reply),
      conversations: put(this.#state.conversations, place, start.conversation),
      places: put(this.#state.places, start.conversation, place),
    });
    this.#onMoved(start.conversation);
  }

  #ended(place: string, turn: Turn): void {
    const reply = turn.reply.getSnapshot();
    this.#replace(place, turn.key, { isRefused: reply.start === null });
    if (reply.start !== null) this.#onMoved(reply.start.conversation);
    const { pace, ending } = reply;
    if (this.#isCollected || ending === null || ending.status === "refused") return;
    if (!wasCollected(pace, ending.timing)) return;
    this.#isCollected = true;
    this.#onCollected();
  }

  // A reply that ended here, because no server could be reached, may go on when one says that it runs.
  #isMissing({ id, cursor }: Message): boolean {
    const followed = this.#state.replies.get(id)?.getSnapshot();
    return followed === undefined || (followed.ending !== null && followed.cursor < cursor);
  }

  #at(place: string): readonly Turn[] {
    return this.#state.turns.get(place) ?? [];
  }

  #dropRefused(place: string): void {
    const refused = this.#at(place).filter(({ isRefused }) => isRefused);
    if (refused.length === 0) return;
    const kept = this.#at(place).filter(({ isRefused }) => !isRefused);
    const replies = new Map(this.#state.replies);
    for (const turn of refused) replies.delete(replyId(turn));
    this.#change({ turns: put(this.#state.turns, place, kept), replies });
  }

  #replace(place: string, key: string, change: Partial<Turn>): void {
    const turns = this.#at(place).map((turn) => (turn.key === key ? { ...turn, ...change } : turn));
    this.#change({ turns: put(this.#state.turns, place, turns) });
  }

  #change(change: Partial<TurnsState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function ignore() {}

/** Everything that runs on the page, as it is now. */
export function useTurnsState(turns: Turns): TurnsState {
  return useSyncExternalStore(turns.subscribe, turns.getSnapshot);
}
