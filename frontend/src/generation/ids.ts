/** The ids that the page chooses for a reply. They make its start idempotent. */
export interface ReplyIds {
  /** The assistant message. */
  readonly reply: string;
  readonly generation: string;
}

/** The ids for a request that also adds a user message. */
export interface MessageIds extends ReplyIds {
  readonly message: string;
}

/** A new id: a prefix for its kind, then 128 random bits as base64url. */
export function newId(kind: "conv" | "msg" | "gen"): string {
  // `crypto.randomUUID` does not exist on pages that are served over plain HTTP from another machine.
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
