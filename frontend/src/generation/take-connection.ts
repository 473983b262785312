/** How many of its connections a browser may hold for long responses; the others remain for what is quick. */
const LONG_CONNECTIONS = 4;

/** What this tab holds where tabs cannot count together, because the page is not secure. */
const heldHere = new Set<string>();

/**
 * Takes one of the few connections that long responses may hold in all tabs together.
 *
 * @param hasStandIn - whether the response may come without a connection; then none is taken where tabs cannot count
 *   together, and otherwise each tab counts for itself
 * @returns gives it back; null if there is none to spare
 */
export type TakeConnection = (hasStandIn: boolean) => Promise<(() => void) | null>;

export const takeConnection: TakeConnection = async (hasStandIn) => {
  if (hasStandIn && !("locks" in navigator)) return null;
  for (let number = 1; number <= LONG_CONNECTIONS; number += 1) {
    const giveBack = await lock(`headwater.connection.${number}`);
    if (giveBack !== null) return giveBack;
  }
  return null;
};

/** Takes a lock, which the browser releases when the tab goes; null if somebody has it. */
async function lock(name: string): Promise<(() => void) | null> {
  if (!("locks" in navigator)) {
    if (heldHere.has(name)) return null;
    heldHere.add(name);
    return () => void heldHere.delete(name);
  }
  return new Promise((resolve) => {
    const hold = (granted: Lock | null) =>
      granted === null ? resolve(null) : new Promise<void>((release) => resolve(release));
    // Where the browser forbids locks, go on as if there were enough.
    const goOn = () => resolve(() => undefined);
    navigator.locks.request(name, { ifAvailable: true }, hold).catch(goOn);
  });
}
