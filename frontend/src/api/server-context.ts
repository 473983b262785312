import { createContext, use } from "react";
import { ownServer } from "../own-server";

const ServerContext = createContext(ownServer);

/** A `fetch` for paths of the server's API; by default the page's own server. */
export function useServer(): typeof fetch {
  return use(ServerContext);
}

export const ServerProvider = ServerContext.Provider;
