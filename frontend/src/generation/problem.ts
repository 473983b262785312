import { isMembers, type Members, numberIn, optionalIn } from "./members";

/** A refused request (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly detail: string | null;
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number | null;
  /** The time at which `retryAfter` has passed, in milliseconds of `performance.now()`. */
  readonly retryAt: number | null;
  readonly field: string | null;

  /**
   * @param status - the HTTP status; 0 if no server answered
   * @param code - for example `rate_limited`
   * @param detail - the server's description, which becomes a sentence
   * @param retryAfter - seconds until another try makes sense
   * @param field - the member of the request that is invalid
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

  /** The same request may succeed later. */
  get isTransient(): boolean {
    return this.status === 429 || this.status >= 500;
  }

  /** The server no longer has the conversation of the request. */
  get isForgotten(): boolean {
    return this.code === "not_found" && (this.field === "conversation" || this.field === "parent");
  }

  /** The message itself is invalid, so sending it again cannot succeed. */
  get isFinal(): boolean {
    return this.status === 400 || this.status === 413;
  }
}

/** Reads a refusal. Its body may be anything, because a proxy may have written it. */
export async function readProblem(response: Response): Promise<Problem> {
  const retryAfter = readRetryAfter(response.headers.get("Retry-After"), Date.now());
  const members = await readBody(response);
  return problemFrom({ ...members, status: response.status, retry_after: retryAfter });
}

/** Reads a refusal from its members; a WebSocket frame has no HTTP status and no headers. */
export function problemFrom(members: Members): Problem {
  return new Problem(
    numberIn(members, "status") ?? 0,
    optionalIn(members, "code") ?? "unknown",
    optionalIn(members, "detail") ?? optionalIn(members, "title") ?? null,
    numberIn(members, "retry_after"),
    optionalIn(members, "field") ?? null,
  );
}

async function readBody(response: Response): Promise<Members> {
  if (!/\bjson\b/.test(response.headers.get("Content-Type") ?? "")) return {};
  const body: unknown = await response.json().catch(() => null);
  return isMembers(body) ? body : {};
}

/** Seconds from `now` (milliseconds since 1970) in a `Retry-After` header, which has seconds or a date. */
export function readRetryAfter(header: string | null, now: number): number | null {
  if (header === null || header.trim() === "") return null;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
