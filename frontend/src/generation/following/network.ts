const TRY_ANYWAY_MS = 10_000;

/** What a reader needs to know of the network around it. */
export interface Network {
  readonly online: boolean;
  /** Calls back when the network is lost, until the returned function is called. */
  onLost(listener: () => void): () => void;
  /** Calls back when the page is looked at again, until the returned function is called. */
  onReturn(listener: () => void): () => void;
  /**
   * Waits before another try: `ms` milliseconds, and while the browser says that it is offline until
   * it no longer does. Since that word can be wrong (a server on this machine needs no network), it
   * is believed for ten seconds at most.
   *
   * @throws the signal's reason, when it aborts
   */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

/** The network as the browser sees it. */
export const browserNetwork: Network = {
  get online() {
    return navigator.onLine;
  },
  onLost(listener) {
    addEventListener("offline", listener);
    return () => removeEventListener("offline", listener);
  },
  onReturn(listener) {
    const look = () => {
      if (document.visibilityState === "visible") listener();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  },
  async pause(ms, signal) {
    await sleep(ms, signal);
    if (!navigator.onLine) await untilOnline(signal);
  },
};

function untilOnline(signal: AbortSignal): Promise<void> {
  const online = new AbortController();
  const back = () => online.abort();
  addEventListener("online", back, { signal: AbortSignal.any([signal, online.signal]) });
  return sleep(TRY_ANYWAY_MS, signal, online.signal);
}

/** Resolves after `ms` milliseconds or when `early` aborts; rejects when `signal` does. */
export function sleep(ms: number, signal: AbortSignal, early?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const over = new AbortController();
    const end = (settle: () => void) => () => {
      clearTimeout(timer);
      over.abort();
      settle();
    };
    const timer = setTimeout(end(resolve), ms);
    early?.addEventListener("abort", end(resolve), { signal: over.signal });
    signal.addEventListener(
      "abort",
      end(() => reject(signal.reason)),
      { signal: over.signal },
    );
  });
}
