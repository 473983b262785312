import { useCallback, useSyncExternalStore } from "react";
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
