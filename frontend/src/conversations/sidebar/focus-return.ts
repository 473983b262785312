import type { OpenDialog } from "./sidebar-state";

/**
 * Where the focus goes when a dialog closes: the opener or, if that is gone, the menu that it was in. If that is not
 * shown either, the toggle of the side bar.
 */
export function focusReturn(dialog: OpenDialog, opener: Element | null): HTMLElement | null {
  if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body)
    return opener;
  const menu =
    dialog.kind === "share"
      ? `[data-conversation="${dialog.id}"] button`
      : '[data-testid="sidebar-menu"]';
  return (
    document.querySelector<HTMLElement>(menu) ??
    document.querySelector('[data-testid="sidebar-toggle"]')
  );
}
