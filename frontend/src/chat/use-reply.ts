import { useCallback, useSyncExternalStore } from "react";
import { type Reply, type ReplyStatus, replyStatus } from "../generation/fold";
import type { LiveReply } from "../generation/live-reply";

/** The reply as it is now; draws again at most once a frame. */
export function useReply(live: LiveReply): Reply {
  return useSyncExternalStore(live.subscribe, live.getSnapshot);
}

/** Only how the reply stands: what uses this is not drawn again with every word. */
export function useReplyStatus(live: LiveReply | undefined): ReplyStatus | null {
  const subscribe = useCallback(
    (listener: () => void) => live?.subscribe(listener) ?? (() => undefined),
    [live],
  );
  return useSyncExternalStore(subscribe, () =>
    live === undefined ? null : replyStatus(live.getSnapshot()),
  );
}
