import { Problem, readProblem } from "../generation/problem";

/** How something is asked for, besides its path. */
export interface Asking {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Sent as JSON. A Blob is sent as it is, and is JSON already. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** How the server is reached; the page's own without it. */
  readonly server?: typeof fetch;
  /** It is sent to its end even if the page is left or read anew meanwhile: the person has seen it done. */
  readonly outlivesPage?: boolean;
}

/** Of a request that outlives its page a browser takes 64 KiB at most: here are so many characters of JSON. */
const LONGEST_TO_OUTLIVE = 10_000;

/**
 * Asks the server and reads its JSON; an answer without a body is `undefined`. The caller names what
 * it gets, from the types in `schema.ts`.
 *
 * @throws Problem when the server refuses or cannot be reached
 * @throws the signal's reason when it aborts
 */
export async function ask<T>(path: string, asking: Asking = {}): Promise<T> {
  const response = await reach(path, asking);
  if (!response.ok) throw await readProblem(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function reach(path: string, asking: Asking): Promise<Response> {
  const { method = "GET", body, signal, server = fetch, outlivesPage = false } = asking;
  const init: RequestInit = { method, credentials: "same-origin", signal: signal ?? null };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = body instanceof Blob ? body : JSON.stringify(body);
  }
  if (outlivesPage) {
    init.keepalive = typeof init.body !== "string" || init.body.length <= LONGEST_TO_OUTLIVE;
  }
  try {
    return await server(path, init);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof TypeError)) throw error;
    throw new Problem(0, "unreachable", null);
  }
}
