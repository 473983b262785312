import { useState } from "react";
import { Dialog } from "../ui/dialog";
import { SHORTCUTS } from "./shortcuts";

/** What the keys do. */
export default function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const [opener] = useState(() => document.activeElement);
  return (
    <Dialog
      title="Keyboard shortcuts"
      testId="shortcuts"
      onClose={onClose}
      onClosed={(event) => {
        event.preventDefault();
        wayBack(opener)?.focus();
      }}
    >
      <dl className="grid gap-px text-small">
        {SHORTCUTS.map(({ keys, does }) => (
          <div
            key={does}
            className="flex min-h-10 items-center justify-between gap-4 border-t border-line first:border-t-0"
          >
            <dt>{does}</dt>
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
      <p className="mt-3 text-small text-quiet">
        Alt with an arrow works while the message box is empty; where there is text, it belongs to
        the text.
      </p>
    </Dialog>
  );
}

/** What had the focus; where that has gone, the button that leads here, or to where that button is. */
function wayBack(opener: Element | null): HTMLElement | null {
  if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body)
    return opener;
  const menu = document.querySelector<HTMLElement>('[data-testid="sidebar-menu"]');
  return menu ?? document.querySelector<HTMLElement>('[data-testid="sidebar-toggle"]');
}
