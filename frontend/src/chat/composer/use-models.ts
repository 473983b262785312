import { useQuery } from "@tanstack/react-query";
import { listModels } from "../../api/models";
import type { Model } from "../../api/schema";
import { useServer } from "../../api/server-context";

const NONE: readonly Model[] = [];

/** The available models; none until the server has answered. */
export function useModels(): readonly Model[] {
  const server = useServer();
  const { data } = useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => listModels(signal, server),
    // Every failure may pass, and without models the page is useless.
    retry: true,
  });
  return data ?? NONE;
}
