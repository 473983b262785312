import { useCallback, useSyncExternalStore } from "react";
import type { Message } from "../../api/schema";
import { type Reply, type ReplyStatus, replyStatus } from "../../generation/fold";
import type { ReplySource } from "./reply-source";

/** The reply as it is now; draws again at most once a frame. */
export function useReply(source: ReplySource): Reply {
  return useSyncExternalStore(source.subscribe, source.getSnapshot);
}

/** Only the status of a reply: what uses this is not drawn again with every word. */
export function useReplyStatus(source: ReplySource | undefined): ReplyStatus | null {
  const subscribe = useCallback(
    (listener: () => void) => source?.subscribe(listener) ?? (() => undefined),
    [source],
  );
  return useSyncExternalStore(subscribe, () =>
    source === undefined ? null : replyStatus(source.getSnapshot()),
  );
}

/** The status of a saved reply. One that came without an outcome is taken for complete. */
export function savedStatus({ running, cursor, outcome }: Message): ReplyStatus {
  if (running) return cursor === 0 ? "waiting" : "streaming";
  return outcome?.status ?? "completed";
}
