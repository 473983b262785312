import { useCallback, useSyncExternalStore } from "react";
import { type Reply, type ReplyStatus, replyStatus } from "../../generation/fold";
import type { ReplySource } from "./reply-source";

/** The reply as it is now; draws again at most once a frame. */
export function useReply(source: ReplySource): Reply {
  return useSyncExternalStore(source.subscribe, source.getSnapshot);
}

/** Only how the reply stands: what uses this is not drawn again with every word. */
export function useReplyStatus(source: ReplySource | undefined): ReplyStatus | null {
  const subscribe = useCallback(
    (listener: () => void) => source?.subscribe(listener) ?? (() => undefined),
    [source],
  );
  return useSyncExternalStore(subscribe, () =>
    source === undefined ? null : replyStatus(source.getSnapshot()),
  );
}
