import { QueryClient } from "@tanstack/react-query";
import { backoffMs } from "../../generation/following/backoff";
import { Problem } from "../../generation/problem";

const TRIES = 3;

/**
 * The cache of what the server has said. Nothing in it grows old by itself: the feed of changes says
 * what is no longer so, and says "read all again" when it may have missed something.
 */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // A server on this machine needs no network, whatever the browser says of it.
        networkMode: "always",
        retry: (failures, error) => failures < TRIES && mayPass(error),
        retryDelay: (failures) => backoffMs(failures, Math.random()),
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}

function mayPass(error: Error): boolean {
  return error instanceof Problem && (error.isTransient || error.code === "unreachable");
}
