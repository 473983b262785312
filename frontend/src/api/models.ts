import { ask } from "./client";
import type { Model } from "./schema";

/** @throws Problem if the server refuses or cannot be reached */
export function listModels(signal: AbortSignal, server: typeof fetch): Promise<readonly Model[]> {
  return ask("/api/models", { signal, server });
}
