import { useQuery } from "@tanstack/react-query";
import { fetchModels, type Model } from "../../api/models";
import { useServer } from "../../api/server-context";

const NONE: readonly Model[] = [];

/** The models to choose from. Empty until the server has said; asked until it has. */
export function useModels(): readonly Model[] {
  const server = useServer();
  const { data } = useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => fetchModels(signal, server),
    // Only time can change what keeps the list away, a refusal or the network.
    retry: true,
  });
  return data ?? NONE;
}
