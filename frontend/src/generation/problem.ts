/** A refusal before the first byte of a reply (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";
  /** What happened, in the server's own words, as a sentence; null where it did not say. */
  readonly detail: string | null;
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number | null;
  /** When that is, in milliseconds of the page's clock. */
  readonly retryAt: number | null;
  readonly field: string | null;

  /**
   * @param status - the HTTP status; 0 when no server answered at all
   * @param code - the wire's code, for example `rate_limited`
   * @param detail - what happened, in the server's own words
   * @param retryAfter - seconds until another try makes sense, when the server named them
   * @param field - the member of the request that is at fault, when the server named one
   */
  constructor(
    status: number,
    code: string,
    detail: string | null,
    retryAfter: number | null = null,
    field: string | null = null,
  ) {
    super(detail === null ? code : sentence(detail));
    this.detail = detail === null ? null : sentence(detail);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.retryAt = retryAfter === null ? null : performance.now() + retryAfter * 1000;
    this.field = field;
  }

  /** Another try of the same request may go well by itself, without anyone changing anything. */
  get passing(): boolean {
    return this.status === 429 || this.status >= 500;
  }

  /** The server no longer has the conversation that the request goes on with. */
  get isForgotten(): boolean {
    return this.code === "not_found" && (this.field === "conversation" || this.field === "parent");
  }

  /** The message itself cannot be taken: only another one can. */
  get isFinal(): boolean {
    return this.status === 400 || this.status === 413;
  }
}

/** Reads a refusal; the body may be anything, since a proxy can have written it. */
export async function readProblem(response: Response): Promise<Problem> {
  const retryAfter = readRetryAfter(response.headers.get("Retry-After"), Date.now());
  const members = await readBody(response);
  return problemFrom({ ...members, status: response.status, retry_after: retryAfter });
}

/** Reads a refusal from its members alone: a frame of a socket has neither a status nor headers. */
export function problemFrom(members: Readonly<Record<string, unknown>>): Problem {
  const { status, retry_after: retryAfter } = members;
  return new Problem(
    typeof status === "number" ? status : 0,
    textOf(members.code) ?? "unknown",
    textOf(members.detail) ?? textOf(members.title),
    typeof retryAfter === "number" ? retryAfter : null,
    textOf(members.field),
  );
}

async function readBody(response: Response): Promise<object> {
  if (!/\bjson\b/.test(response.headers.get("Content-Type") ?? "")) return {};
  const body: unknown = await response.json().catch(() => null);
  return typeof body === "object" && body !== null ? body : {};
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** `Retry-After` as seconds from `now` (milliseconds since 1970): it may be seconds or a date. */
export function readRetryAfter(header: string | null, now: number): number | null {
  if (header === null || header.trim() === "") return null;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
