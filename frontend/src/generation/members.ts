/**
 * A known event that lacks what it must have. The reader treats it like a cut and asks again, so that a
 * damaged response never becomes a damaged reply.
 */
export class MalformedEvent extends Error {
  override readonly name = "MalformedEvent";
}

/** The members of a JSON object. */
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

/** Whether it is a JSON object. */
export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is a string; else undefined. */
export function optionalIn(from: Members, member: string): string | undefined {
  const value = from[member];
  return typeof value === "string" ? value : undefined;
}

/** @throws MalformedEvent where it is none */
export function stringIn(from: Members, member: string): string {
  const value = optionalIn(from, member);
  if (value === undefined) throw new MalformedEvent(`an event without "${member}"`);
  return value;
}

/** A member that is a number; else null. */
export function numberIn(from: Members, member: string): number | null {
  const value = from[member];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
