/** The ids of a reply that the page asks for. They make the start idempotent. */
export interface ReplyIds {
  /** The assistant message. */
  readonly reply: string;
  readonly generation: string;
}

/** The same, for a request that also brings a user message. */
export interface MessageIds extends ReplyIds {
  readonly message: string;
}

/** A new id: 128 random bits as base64url, behind a prefix that names the kind. */
export function newId(kind: "conv" | "msg" | "gen"): string {
  // Not `crypto.randomUUID`: pages served over plain http from another machine do not have it.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const base64 = btoa(String.fromCharCode(...bytes)).slice(0, 22);
  return `${kind}_${base64.replaceAll("+", "-").replaceAll("/", "_")}`;
}

export function newReplyIds(): ReplyIds {
  return { reply: newId("msg"), generation: newId("gen") };
}

export function newMessageIds(): MessageIds {
  return { message: newId("msg"), ...newReplyIds() };
}
