import { useState } from "react";
import { localStore } from "../../storage";
import { readDraft, writeDraft } from "../state/drafts";

/**
 * The edited text of a message, null if it is not being edited. It is saved like a draft, unless it is unchanged.
 *
 * @param mayBeEdited - otherwise a saved edit is ignored
 */
export function useEdit(message: string, text: string, mayBeEdited: boolean) {
  const name = `edit:${message}`;
  const keep = (draft: string) => writeDraft(localStore, name, draft);
  const [written, show] = useState(() => (mayBeEdited && readDraft(localStore, name)) || null);
  return {
    written,
    begin: () => show(text),
    write: (next: string) => {
      show(next);
      keep(next === text ? "" : next);
    },
    end: () => {
      show(null);
      keep("");
    },
  };
}
