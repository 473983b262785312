import { QueryClient } from "@tanstack/react-query";
import { backoffMs } from "../../generation/following/backoff";
import { Problem } from "../../generation/problem";

const TRIES = 3;

/** The query cache. Its queries never become stale by themselves, because the change feed invalidates them. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // A server on this machine needs no network, so the browser's online state does not matter.
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
