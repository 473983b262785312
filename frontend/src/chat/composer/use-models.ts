import { useQuery } from "@tanstack/react-query";
import { ask } from "../../api/client";
import type { Model } from "../../api/schema";
import { useServer } from "../../api/server-context";

const NONE: readonly Model[] = [];

/** The available models; none until the server has answered. */
export function useModels(): readonly Model[] {
  const server = useServer();
  const { data } = useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => ask<readonly Model[]>("/api/models", { signal, server }),
    // Every failure may pass, and without models the page is useless.
    retry: true,
  });
  return data ?? NONE;
}
