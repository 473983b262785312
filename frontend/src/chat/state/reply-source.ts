import type { Message } from "../../api/schema";
import { readOutcome } from "../../generation/decode";
import { emptyReply, type Reply } from "../../generation/fold";
import type { LiveReply } from "../../generation/following/live-reply";
import { startPace } from "../../generation/pace";
import { partsOf } from "../../generation/parts";
import { startOf } from "./optimistic";

/** A reply as an external store, whether it is live or saved. */
export interface ReplySource {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => Reply;
}

/** The live reply of a running message, or the saved reply. */
export function sourceOf(message: Message, live: LiveReply | undefined): ReplySource {
  if (message.running && live !== undefined) return live;
  const source = sources.get(message) ?? unchanging(savedReply(message));
  sources.set(message, source);
  return source;
}

const sources = new WeakMap<Message, ReplySource>();

function unchanging(reply: Reply): ReplySource {
  return { subscribe: () => () => undefined, getSnapshot: () => reply };
}

/** A saved message as a reply. Without an outcome it counts as complete. */
function savedReply(message: Message): Reply {
  const { cursor, running, outcome } = message;
  const wire = outcome ?? { status: "completed" };
  return {
    ...emptyReply(0),
    start: message.model === null ? null : startOf(message, ""),
    parts: partsOf(message),
    cursor,
    pace: startPace(performance.now(), cursor),
    ending: running ? null : readOutcome({ ...wire }),
  };
}
