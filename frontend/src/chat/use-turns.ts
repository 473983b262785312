import { useRef, useState } from "react";
import { uniqueKey } from "../generation/key";
import { LiveReply } from "../generation/live-reply";
import type { ChatRequest, Transport } from "../generation/transport";
import { nextRequest, retryRequest, type Turn, withoutRefused } from "./turn";

interface TurnsOptions {
  readonly transport: Transport;
  readonly model: string | undefined;
  /** A question that the server refused to answer: it belongs back in the box. */
  readonly onRefused: (question: string) => void;
}

/** The turns of the conversation on the page, and what can be done with them. */
export function useTurns({ transport, model, onRefused }: TurnsOptions) {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const latest = useRef<LiveReply>(undefined);
  const forgotten = useRef(new Set<string>());
  const choices = { model, forgotten: forgotten.current };

  const ask = (earlier: readonly Turn[], request: ChatRequest) => {
    const reply = new LiveReply(request, { transport });
    latest.current = reply;
    setTurns([...earlier, { key: uniqueKey(), question: request.message, reply }]);
    void reply.ended.then(() => {
      const { ending } = reply.getSnapshot();
      if (ending?.status !== "refused") return;
      if (ending.problem.isForgotten && request.conversation !== undefined) {
        forgotten.current.add(request.conversation);
      }
      if (latest.current === reply) onRefused(request.message);
    });
  };

  return {
    turns,
    send(question: string) {
      const earlier = withoutRefused(turns);
      ask(earlier, nextRequest(earlier, question, choices));
    },
    /** Asks the last question again, of the model that is chosen now. */
    retry() {
      ask(turns.slice(0, -1), retryRequest(turns, choices));
    },
    stop() {
      latest.current?.stop();
    },
    /** A new page. A reply that still runs is stopped: nobody would see it. */
    clear() {
      latest.current?.stop();
      latest.current = undefined;
      setTurns([]);
    },
  };
}
