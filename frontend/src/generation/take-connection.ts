/** How many of its connections a browser may hold for long responses; the others remain for what is quick. */
const LONG_CONNECTIONS = 4;

/**
 * Takes one of the few connections that long responses may hold in all tabs together.
 *
 * @returns gives it back; null if there is none to spare, or if tabs cannot tell because the page is not secure
 */
export async function takeConnection(): Promise<(() => void) | null> {
  if (!("locks" in navigator)) return null;
  for (let number = 1; number <= LONG_CONNECTIONS; number += 1) {
    const giveBack = await lock(`headwater.connection.${number}`);
    if (giveBack !== null) return giveBack;
  }
  return null;
}

/** Takes a lock, which the browser releases when the tab goes; null if somebody has it. */
function lock(name: string): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    const hold = (granted: Lock | null) =>
      granted === null ? resolve(null) : new Promise<void>((release) => resolve(release));
    navigator.locks.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}
