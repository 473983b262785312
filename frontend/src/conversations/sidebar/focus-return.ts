/**
 * Where the focus goes when a dialog closes: to what had it before; where that has gone, to the button of the
 * bar's menu, or to the one that shows the bar.
 */
export function focusReturn(opener: Element | null): HTMLElement | null {
  if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body)
    return opener;
  const menu = document.querySelector<HTMLElement>('[data-testid="sidebar-menu"]');
  return menu ?? document.querySelector<HTMLElement>('[data-testid="sidebar-toggle"]');
}
