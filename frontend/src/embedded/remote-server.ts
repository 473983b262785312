import { localStore } from "../storage";

const CLIENT = "headwater-client";

/**
 * A server that may be elsewhere. One of another origin is sent no cookies; it knows its client by the token that
 * its answers name, which the browser keeps for it.
 *
 * @param endpoint - where the server is, with the path that comes before its own, if there is one
 * @param reach - what asks it
 */
export function remoteServer(endpoint: string, reach: typeof fetch): typeof fetch {
  const { origin, pathname } = new URL(endpoint, location.href);
  const root = origin + pathname.replace(/\/$/, "");
  const isElsewhere = origin !== location.origin;
  return async (path, init) => {
    if (!isElsewhere) return reach(root + path, { ...init, credentials: "same-origin" });
    const headers = new Headers(init?.headers);
    const known = clients.get(root) ?? localStore.read(`${CLIENT}:${root}`);
    if (known !== null) headers.set(CLIENT, known);
    const response = await reach(root + path, { ...init, headers, credentials: "omit" });
    const named = response.headers.get(CLIENT);
    if (named !== null && named !== known) keepClient(root, named);
    return response;
  };
}

const clients = new Map<string, string>();

/** Where the browser keeps nothing, the client lives as long as the page. */
function keepClient(root: string, client: string): void {
  clients.set(root, client);
  localStore.write(`${CLIENT}:${root}`, client);
}
