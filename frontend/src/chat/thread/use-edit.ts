import { useState } from "react";
import { localStore } from "../../storage";
import { readDraft, writeDraft } from "../state/drafts";

/**
 * What a person is writing in the place of a message, null while they are not. It is kept as a draft is, over
 * reloads and while away; what says nothing else than the message is not.
 *
 * @param mayBeEdited - else a draft that was left is passed over
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
