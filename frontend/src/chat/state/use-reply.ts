import { useCallback, useSyncExternalStore } from "react";
import type { Message } from "../../api/schema";
import { type Reply, type ReplyStatus, replyStatus } from "../../generation/fold";
import type { ReplySource } from "./reply-source";

/** The current reply. Renders again at most once a frame. */
export function useReply(source: ReplySource): Reply {
  return useSyncExternalStore(source.subscribe, source.getSnapshot);
}

/** The status of a reply. Does not render again with every word. */
export function useReplyStatus(source: ReplySource | undefined): ReplyStatus | null {
  const subscribe = useCallback(
    (listener: () => void) => source?.subscribe(listener) ?? (() => undefined),
    [source],
  );
  return useSyncExternalStore(subscribe, () =>
    source === undefined ? null : replyStatus(source.getSnapshot()),
  );
}

/** The status of a saved reply. Without an outcome it counts as complete. */
export function savedStatus({ running, cursor, outcome }: Message): ReplyStatus {
  if (running) return cursor === 0 ? "waiting" : "streaming";
  return outcome?.status ?? "completed";
}
