/**
 * A known event that lacks a required member. The reader treats it like a cut connection and resumes, so that a
 * damaged response never becomes a damaged reply.
 */
export class MalformedEvent extends Error {
  override readonly name = "MalformedEvent";
}

/** A JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON object.
 *
 * @throws MalformedEvent for anything else
 */
export function parse(data: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw new MalformedEvent("an event's data is not JSON", { cause: error });
  }
  if (!isMembers(value)) throw new MalformedEvent("an event's data is not an object");
  return value;
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string member; undefined if it is missing or of another type. */
export function optionalIn(from: Members, member: string): string | undefined {
  const value = from[member];
  return typeof value === "string" ? value : undefined;
}

/** @throws MalformedEvent if the member is not a string */
export function stringIn(from: Members, member: string): string {
  const value = optionalIn(from, member);
  if (value === undefined) throw new MalformedEvent(`an event without "${member}"`);
  return value;
}

/** A numeric member; null if it is missing or of another type. */
export function numberIn(from: Members, member: string): number | null {
  const value = from[member];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
