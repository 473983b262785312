import type { ReactNode } from "react";
import { safeAddress } from "./address";

/** A link out of a reply. What may not be followed is drawn as text. */
export function Link({ href, children }: { href: string; children: ReactNode }) {
  const address = safeAddress(href);
  if (address === null) return <span>{children}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
