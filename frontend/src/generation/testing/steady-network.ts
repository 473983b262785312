import type { Network } from "../following/network";

/** A network that is always online and does not pause. It records the pauses. */
export function steadyNetwork(): Network & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    online: true,
    onLost: () => undefined,
    onReturn: () => undefined,
    async pause(ms, signal) {
      signal.throwIfAborted();
      pauses.push(ms);
    },
    pauses,
  };
}
