import { createContext, use } from "react";

const PortalContext = createContext<HTMLElement | null>(null);

/** Where what stands over the page is put; null: at the end of the document. */
export function usePortalPlace(): HTMLElement | null {
  return use(PortalContext);
}

/** What opens inside is put into this place. */
export const PortalPlace = PortalContext.Provider;
