import { useState } from "react";
import { browserStorage, NEW_CHAT, readDraft, writeDraft } from "./drafts";

/** What stands in the box of a conversation (null: a new one), kept over reloads and while away. */
export function useDraft(conversation: string | null) {
  const name = conversation ?? NEW_CHAT;
  const [draft, show] = useState(() => readDraft(browserStorage(), name));
  const setDraft = (text: string) => {
    show(text);
    writeDraft(browserStorage(), name, text);
  };
  /** Puts text back into the box, unless something else was written there meanwhile. */
  const giveBack = (text: string) => {
    show((written) => (written === "" ? text : written));
    if (readDraft(browserStorage(), name) === "") writeDraft(browserStorage(), name, text);
  };
  return { draft, setDraft, giveBack };
}
