const TRY_ANYWAY_MS = 10_000;

/** The state of the network. Listeners are called until their signal aborts. */
export interface Network {
  readonly online: boolean;
  onLost(listener: () => void, signal: AbortSignal): void;
  /** Listens for the page becoming visible again. */
  onReturn(listener: () => void, signal: AbortSignal): void;
  /**
   * Waits `ms` milliseconds, and then until the browser is online, but at most ten seconds more: the browser can be
   * wrong, because a server on this machine needs no network.
   *
   * @throws the signal's reason when it aborts
   */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export const browserNetwork: Network = {
  get online() {
    return navigator.onLine;
  },
  onLost(listener, signal) {
    addEventListener("offline", listener, { signal });
  },
  onReturn(listener, signal) {
    const look = () => {
      if (document.visibilityState === "visible") listener();
    };
    document.addEventListener("visibilitychange", look, { signal });
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

/** Resolves after `ms` milliseconds or when `early` aborts; rejects when `signal` aborts. */
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
