/**
 * JSON for a server. Half of a surrogate pair, as editors leave it that cut text between code units, becomes U+FFFD,
 * because no server can read it.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "string" ? each.replace(/\p{Surrogate}/gu, "\ufffd") : each,
  );
}
