import { createContext, use } from "react";

const PortalContext = createContext<HTMLElement | null>(null);

/** The element that portals render into; null: the end of the body. */
export function usePortalContainer(): HTMLElement | null {
  return use(PortalContext);
}

export const PortalContainer = PortalContext.Provider;
