import { createContext, use } from "react";

const ServerContext = createContext<typeof fetch>((...args) => fetch(...args));

/** A `fetch` for paths of the server's API; by default the page's own server. */
export function useServer(): typeof fetch {
  return use(ServerContext);
}

export const ServerProvider = ServerContext.Provider;
