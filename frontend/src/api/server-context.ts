import { createContext, use } from "react";

const ServerContext = createContext<typeof fetch>((...args) => fetch(...args));

/** How the server is reached: by `fetch`, with paths of its API. It is the page's own unless something says otherwise. */
export function useServer(): typeof fetch {
  return use(ServerContext);
}

/** What is inside reaches this server. */
export const ServerProvider = ServerContext.Provider;
