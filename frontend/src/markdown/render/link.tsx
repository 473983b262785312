import type { ReactNode } from "react";

const SAFE_PROTOCOLS: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/** The normalized URL; null if a reply may not link to it (scripts, files, relative URLs). */
function safeUrl(href: string): string | null {
  if (!URL.canParse(href)) return null;
  const url = new URL(href);
  return SAFE_PROTOCOLS.has(url.protocol) ? url.href : null;
}

/** A link in a reply. An unsafe one is rendered as text. */
export function Link({ href, children }: { href: string; children: ReactNode }) {
  const url = safeUrl(href);
  if (url === null) return <span>{children}</span>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
