import { PreferencesDialog } from "../../preferences/preferences-dialog";
import type { DialogEvents } from "../../ui/dialog";
import { DeleteAll } from "./delete-all";

/** The preferences, and below them the deletion of all conversations. */
export default function Preferences(events: DialogEvents) {
  return (
    <PreferencesDialog {...events}>
      <DeleteAll onDeleted={events.onClose} />
    </PreferencesDialog>
  );
}
