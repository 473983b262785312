import type { ReactNode } from "react";
import { safeAddress } from "./address";

/** A link in a reply. An unsafe one is rendered as text. */
export function Link({ href, children }: { href: string; children: ReactNode }) {
  const address = safeAddress(href);
  if (address === null) return <span>{children}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
