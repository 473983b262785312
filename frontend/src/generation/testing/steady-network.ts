import type { Network } from "../following/network";

/** A network that is always there and makes nobody wait. It tells how long they would have. */
export function steadyNetwork(): Network & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    online: true,
    onLost: () => () => undefined,
    onReturn: () => () => undefined,
    async pause(ms, signal) {
      signal.throwIfAborted();
      pauses.push(ms);
    },
    pauses,
  };
}
