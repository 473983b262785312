import { useLanguage } from "../../language/language-context";
import type { PlainKey } from "../../language/translation";
import { Dialog, type DialogEvents } from "../../ui/dialog";
import { modKey } from "./mod-key";

const SHORTCUTS = [
  { keys: [modKey, "Shift", "O"], does: "newChat" },
  { keys: [modKey, "K"], does: "searchAll" },
  { keys: ["Alt", "↓"], does: "nextConversation" },
  { keys: ["Alt", "↑"], does: "previousConversation" },
  { keys: ["↑", "↓"], does: "moveInList" },
  { keys: ["F2"], does: "renameInList" },
  { keys: [modKey, "Z"], does: "undoByKey" },
  { keys: ["Enter"], does: "sendMessage" },
  { keys: ["Shift", "Enter"], does: "newLine" },
  { keys: ["Esc"], does: "stopReply" },
  { keys: ["?"], does: "theseShortcuts" },
] as const satisfies readonly { readonly keys: readonly string[]; readonly does: PlainKey }[];

export default function ShortcutsDialog(events: DialogEvents) {
  const { say } = useLanguage();
  return (
    <Dialog title={say("shortcuts")} testId="shortcuts" {...events}>
      <dl className="grid gap-px text-small">
        {SHORTCUTS.map(({ keys, does }) => (
          <div
            key={does}
            className="flex min-h-10 items-center justify-between gap-4 border-t border-line first:border-t-0"
          >
            <dt>{say(does)}</dt>
            <dd className="flex shrink-0 gap-1">
              {keys.map((key) => (
                <kbd
                  key={key}
                  className="min-w-7 rounded-md border border-line bg-sunken px-1.5 py-0.5 text-center font-sans text-small text-quiet"
                >
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p className="mt-3 text-small text-quiet">{say("shortcutsAbout")}</p>
    </Dialog>
  );
}
