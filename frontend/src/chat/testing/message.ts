import type { Message } from "../../api/schema";
import { partsOf } from "../../generation/parts";

/** An empty message, with the members that a test needs. */
export function message(
  members: Pick<Message, "id" | "parent" | "role"> & Partial<Message>,
): Message {
  const { text = "", reasoning = "" } = members;
  return {
    text,
    reasoning,
    parts: partsOf({ text, reasoning }) as Message["parts"],
    model: null,
    generation: null,
    running: false,
    cursor: 0,
    outcome: null,
    left_out: 0,
    created_at: "2026-11-22T10:00:00.000Z",
    ...members,
  };
}
