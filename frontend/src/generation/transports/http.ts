import { readProblem } from "../problem";
import { toJson } from "../to-json";
import type { Arrival, Origin, StartRequest, Transport } from "../transport";
import type { Environment } from "./environment";

/** Parses a response: one text for each network read becomes one arrival. */
type ReadTexts = (texts: AsyncIterable<string>) => AsyncIterable<Arrival>;

/** A transport that streams responses of one media type over fetch. */
export function streamedOverHttp(
  mediaType: string,
  read: ReadTexts,
  environment: Environment,
): Transport {
  return {
    async *read(origin, signal) {
      yield* read(textsOf(await requestOverHttp(mediaType, origin, signal, environment)));
    },
    cancel: (generation) => cancelOverHttp(generation, environment),
  };
}

/**
 * Requests a response of one media type.
 *
 * @throws Problem if the server refuses
 */
export function requestOverHttp(
  mediaType: string,
  origin: Origin,
  signal: AbortSignal,
  environment: Environment,
  query = "",
): Promise<Response> {
  if ("generation" in origin) {
    const { generation, cursor } = origin;
    return ask(environment, `${pathOf(generation)}/events${query}`, {
      headers: { Accept: mediaType, "Last-Event-ID": `${generation}:${cursor}` },
      signal,
    });
  }
  const { path, body } = addressOf(origin.request);
  return ask(environment, path, {
    method: "POST",
    headers: { Accept: mediaType, "Content-Type": "application/json" },
    body: toJson(body),
    signal,
  });
}

/** Asks the server to end a generation. All transports use this request. */
export async function cancelOverHttp(generation: string, environment: Environment): Promise<void> {
  await ask(environment, `${pathOf(generation)}/cancel`, { method: "POST" });
}

async function ask(environment: Environment, path: string, init: RequestInit): Promise<Response> {
  const request = { ...init, credentials: "same-origin", cache: "no-store" } as const;
  const response = await environment.fetch(path, request);
  if (!response.ok) throw await readProblem(response);
  return response;
}

function pathOf(generation: string): string {
  return `/api/generations/${encodeURIComponent(generation)}`;
}

function addressOf(request: StartRequest): { path: string; body: object } {
  if (!("to" in request)) return { path: "/api/chat", body: request };
  const { conversation, to, ...body } = request;
  const [of, message] = [conversation, to].map(encodeURIComponent);
  return { path: `/api/conversations/${of}/messages/${message}/replies`, body };
}

/** Yields the text of each network read. */
export async function* textsOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const bytes of readsOf(response)) yield decoder.decode(bytes, { stream: true });
}

/** Yields the bytes of each network read. Cancels the response if it is not read to its end. */
export async function* readsOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
