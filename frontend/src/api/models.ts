import { readProblem } from "../generation/problem";

/** A model that can answer. */
export interface Model {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly isDefault: boolean;
}

/**
 * Asks the server which models can answer.
 *
 * @throws Problem when it refuses, TypeError when it cannot be reached
 */
export async function fetchModels(
  signal: AbortSignal,
  server: typeof fetch = fetch,
): Promise<readonly Model[]> {
  const response = await server("/api/models", { credentials: "same-origin", signal });
  if (!response.ok) throw await readProblem(response);
  const listed: unknown = await response.json();
  return Array.isArray(listed) ? listed.flatMap(readModel) : [];
}

function readModel(from: unknown): readonly Model[] {
  if (typeof from !== "object" || from === null) return [];
  const { id, name, provider, default: isDefault } = from as Record<string, unknown>;
  if (typeof id !== "string") return [];
  return [
    {
      id,
      name: typeof name === "string" ? name : id,
      provider: typeof provider === "string" ? provider : (id.split("/")[0] ?? ""),
      isDefault: isDefault === true,
    },
  ];
}
