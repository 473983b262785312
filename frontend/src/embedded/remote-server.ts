import { localStore } from "../storage";

const CLIENT = "headwater-client";

/**
 * A `fetch` for a server that may have another origin. Such a server gets no cookies. It identifies its client by the
 * token of its responses, which the browser saves.
 *
 * @param endpoint - the URL of the server, with a path prefix if it has one
 */
export function remoteServer(endpoint: string, send: typeof fetch): typeof fetch {
  const { origin, pathname } = new URL(endpoint, location.href);
  const root = origin + pathname.replace(/\/$/, "");
  const isElsewhere = origin !== location.origin;
  return async (path, init) => {
    if (!isElsewhere) return send(root + path, { ...init, credentials: "same-origin" });
    const headers = new Headers(init?.headers);
    const known = clients.get(root) ?? localStore.read(`${CLIENT}:${root}`);
    if (known !== null) headers.set(CLIENT, known);
    const response = await send(root + path, { ...init, headers, credentials: "omit" });
    const named = response.headers.get(CLIENT);
    if (named !== null && named !== known) keepClient(root, named);
    return response;
  };
}

const clients = new Map<string, string>();

/** Without storage the client is remembered until the page is reloaded. */
function keepClient(root: string, client: string): void {
  clients.set(root, client);
  localStore.write(`${CLIENT}:${root}`, client);
}
