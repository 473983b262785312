/** Where the focus goes when a dialog closes: the opener or, if that is gone, the menu or toggle of the side bar. */
export function focusReturn(opener: Element | null): HTMLElement | null {
  if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body)
    return opener;
  const menu = document.querySelector<HTMLElement>('[data-testid="sidebar-menu"]');
  return menu ?? document.querySelector<HTMLElement>('[data-testid="sidebar-toggle"]');
}
