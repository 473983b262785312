import { useEffect, useState } from "react";
import { backoffMs } from "../generation/backoff";
import { fetchModels, type Model } from "../generation/models";
import { browserNetwork } from "../generation/network";

/** The models to choose from. Empty until the server has said; asked until it has. */
export function useModels(): readonly Model[] {
  const [models, setModels] = useState<readonly Model[]>([]);
  useEffect(() => {
    const leave = new AbortController();
    void loadModels(leave.signal).then(
      (loaded) => setModels(loaded),
      (error: unknown) => {
        if (!leave.signal.aborted) throw error;
      },
    );
    return () => leave.abort();
  }, []);
  return models;
}

async function loadModels(signal: AbortSignal): Promise<readonly Model[]> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fetchModels(signal);
    } catch {
      // Whatever kept the list away, a refusal or the network, only time can change it.
      signal.throwIfAborted();
      await browserNetwork.pause(backoffMs(attempt, Math.random()), signal);
    }
  }
}
