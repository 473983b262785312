import { isMembers, type Members, stringIn } from "./members";

/** What a reply consists of, in order. The other members of a part depend on its kind. */
export interface Part {
  readonly type: string;
}

export interface TextPart extends Part {
  readonly text: string;
}

/** How events become parts of one kind. */
export interface PartKind<P extends Part = Part> {
  /** The `type` of its parts. */
  readonly type: string;
  /** The name of its events on the wire. */
  readonly event: string;
  /**
   * Reads an event as a part of its own.
   *
   * @throws MalformedEvent
   */
  read(event: Members): P;
  /** Both as one part; null if `next` begins another one. */
  join(last: P, next: P): P | null;
}

const kindsByEvent = new Map<string, PartKind>();
const kindsByType = new Map<string, PartKind>();

/** Registers a kind. Events of unknown kinds are skipped, parts of unknown kinds are kept and not drawn. */
export function addPartKind<P extends Part>(kind: PartKind<P>): void {
  kindsByEvent.set(kind.event, kind);
  kindsByType.set(kind.type, kind);
}

addPartKind(textKind("text", "token"));
addPartKind(textKind("reasoning", "reasoning"));

/** A kind whose events are pieces of text. */
function textKind(type: string, event: string): PartKind<TextPart> {
  return {
    type,
    event,
    read: (members) => textPart(stringIn(members, "token"), type),
    join: (last, next) => textPart(last.text + next.text, type),
  };
}

export function textPart(text: string, type = "text"): TextPart {
  return { type, text };
}

/** The kind whose events have this name. */
export function kindOfEvent(name: unknown): PartKind | undefined {
  return typeof name === "string" ? kindsByEvent.get(name) : undefined;
}

/** Adds a part: to the last one if it continues it, else behind it. All other parts stay the same objects. */
export function addPart(parts: readonly Part[], next: Part): readonly Part[] {
  if (isTextual(next) && next.text === "") return parts;
  const last = parts.at(-1);
  const kind = last?.type === next.type ? kindsByType.get(next.type) : undefined;
  const joined = last && kind?.join(last, next);
  return joined == null ? [...parts, next] : [...parts.slice(0, -1), joined];
}

/** All text of one type, joined. */
export function textOf(parts: readonly Part[], type = "text"): string {
  return parts.map((part) => (part.type === type && isTextual(part) ? part.text : "")).join("");
}

/** The characters in parts of any kind. */
export function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + (isTextual(part) ? part.text.length : 0), 0);
}

function isTextual(part: Part): part is TextPart {
  return "text" in part && typeof part.text === "string";
}

/** The parts of a reply in the API. Older servers name all reasoning and all text instead. */
export function partsOf({ parts, reasoning, text }: Saved): readonly Part[] {
  if (Array.isArray(parts)) return parts.filter(isPart);
  const textual = [
    { type: "reasoning", text: reasoning },
    { type: "text", text },
  ];
  return textual.filter((part) => typeof part.text === "string" && part.text !== "");
}

interface Saved {
  readonly parts?: unknown;
  readonly reasoning?: unknown;
  readonly text?: unknown;
}

function isPart(value: unknown): value is Part {
  return isMembers(value) && typeof value.type === "string";
}
