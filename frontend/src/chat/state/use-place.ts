import { useState } from "react";
import { uniqueKey } from "../../generation/key";
import type { Turns } from "./pending";
import { useTurnsState } from "./pending";

/**
 * The place of the conversation that is shown (null: of a new chat). A new chat keeps its place when its
 * conversation gets a name, so that nothing that is drawn there begins anew.
 *
 * @param visit - changes when a person asks for a new chat, also from a new chat
 */
export function usePlace(turns: Turns, conversation: string | null, visit: unknown): string {
  const { places, conversations } = useTurnsState(turns);
  const placeOf = (id: string | null) => (id === null ? newPlace() : (places.get(id) ?? id));
  const [shown, show] = useState(() => ({ conversation, visit, place: placeOf(conversation) }));
  if (shown.conversation === conversation && (conversation !== null || shown.visit === visit)) {
    return shown.place;
  }
  const isNamed = conversation !== null && conversations.get(shown.place) === conversation;
  const place = isNamed ? shown.place : placeOf(conversation);
  show({ conversation, visit, place });
  return place;
}

function newPlace(): string {
  return `new-${uniqueKey()}`;
}
