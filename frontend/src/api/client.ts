import { Problem, readProblem } from "../generation/problem";
import { toJson } from "../generation/to-json";
import { ownServer } from "../own-server";

interface RequestOptions {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Sent as JSON; a Blob must already contain JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** By default the server that the page is from. */
  readonly server?: typeof fetch;
  /** Whether the browser completes the request when the page is left, because its effect was already shown. */
  readonly outlivesPage?: boolean;
}

/** The most characters of a `keepalive` request, for which browsers allow 64 KiB. */
const LONGEST_TO_OUTLIVE = 10_000;

/**
 * Sends a request and reads the JSON of the response, `undefined` if it has no body. The caller names the type, which is
 * from `schema.ts`.
 *
 * @throws Problem if the server refuses or cannot be reached
 * @throws the signal's reason when it aborts
 */
export async function ask<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  if (!response.ok) throw await readProblem(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const { method = "GET", body, signal, server = ownServer, outlivesPage = false } = options;
  const init: RequestInit = { method, credentials: "same-origin", signal: signal ?? null };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = body instanceof Blob ? body : toJson(body);
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
