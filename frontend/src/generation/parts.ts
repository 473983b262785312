import { isMembers, type Members, stringIn } from "./members";

/** A part of a reply. Its other members depend on its kind. */
export interface Part {
  readonly type: string;
}

export interface TextPart extends Part {
  readonly text: string;
}

/** A kind of part, and how its events become parts. */
export interface PartKind<P extends Part = Part> {
  readonly type: P["type"];
  /** The name of its events on the wire. */
  readonly event: string;
  /** @throws MalformedEvent */
  read(event: Members): P;
  /** Joins two parts; null if `next` begins another one. */
  join(last: P, next: P): P | null;
}

const kindsByEvent = new Map<string, PartKind>();
const kindsByType = new Map<string, PartKind>();

/** Registers a kind. Events of unknown kinds are skipped; parts of unknown kinds are kept but not rendered. */
export function addPartKind<P extends Part>(kind: PartKind<P>): void {
  kindsByEvent.set(kind.event, kind);
  kindsByType.set(kind.type, kind);
}

addPartKind(textKind("text", "token"));
addPartKind(textKind("reasoning", "reasoning"));

/** Says that all text before it in its reply was reasoning. */
const REASONING_END = "reasoning_end";

addPartKind({
  type: REASONING_END,
  event: REASONING_END,
  read: () => ({ type: REASONING_END }),
  join: () => null,
});

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

export function kindOfEvent(name: unknown): PartKind | undefined {
  return typeof name === "string" ? kindsByEvent.get(name) : undefined;
}

/** Joins a part to the last one if it continues it; otherwise appends it. The other parts stay the same objects. */
export function addPart(parts: readonly Part[], next: Part): readonly Part[] {
  if (next.type === REASONING_END) {
    const thoughts = parts.map((part) =>
      part.type === "text" ? { ...part, type: "reasoning" } : part,
    );
    return thoughts.reduce(addPart, []);
  }
  if (isTextual(next) && next.text === "") return parts;
  const last = parts.at(-1);
  const kind = last?.type === next.type ? kindsByType.get(next.type) : undefined;
  const joined = last && kind?.join(last, next);
  return joined == null ? [...parts, next] : [...parts.slice(0, -1), joined];
}

/** The joined text of all parts of one type. */
export function textOf(parts: readonly Part[], type = "text"): string {
  return parts.map((part) => (part.type === type && isTextual(part) ? part.text : "")).join("");
}

/** The number of characters in all parts. */
export function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + (isTextual(part) ? part.text.length : 0), 0);
}

function isTextual(part: Part): part is TextPart {
  return "text" in part && typeof part.text === "string";
}

interface SavedParts {
  readonly parts?: unknown;
  readonly reasoning?: unknown;
  readonly text?: unknown;
}

/** The content of a message that has none. */
export const NO_PARTS = { text: "", reasoning: "", parts: [] };

/** The parts of a saved reply. Older servers send only the joined reasoning and text. */
export function partsOf({ parts, reasoning, text }: SavedParts): readonly Part[] {
  if (Array.isArray(parts)) return parts.filter(isPart);
  const textual = [
    { type: "reasoning", text: reasoning },
    { type: "text", text },
  ];
  return textual.filter((part) => typeof part.text === "string" && part.text !== "");
}

function isPart(value: unknown): value is Part {
  return isMembers(value) && typeof value.type === "string";
}
