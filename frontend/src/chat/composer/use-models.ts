import { useEffect, useState } from "react";
import { fetchModels, type Model } from "../../api/models";
import { useServer } from "../../api/server-context";
import { backoffMs } from "../../generation/backoff";
import { browserNetwork } from "../../generation/network";

/** The models to choose from. Empty until the server has said; asked until it has. */
export function useModels(): readonly Model[] {
  const server = useServer();
  const [models, setModels] = useState<readonly Model[]>([]);
  useEffect(() => {
    const leave = new AbortController();
    void loadModels(leave.signal, server).then(
      (loaded) => setModels(loaded),
      (error: unknown) => {
        if (!leave.signal.aborted) throw error;
      },
    );
    return () => leave.abort();
  }, [server]);
  return models;
}

async function loadModels(signal: AbortSignal, server: typeof fetch): Promise<readonly Model[]> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fetchModels(signal, server);
    } catch {
      // Whatever kept the list away, a refusal or the network, only time can change it.
      signal.throwIfAborted();
      await browserNetwork.pause(backoffMs(attempt, Math.random()), signal);
    }
  }
}
