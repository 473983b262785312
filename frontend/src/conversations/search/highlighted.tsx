import type { SnippetPart } from "../../api/schema";

/** Text whose matching parts stand out. */
export function Highlighted({ parts }: { readonly parts: readonly SnippetPart[] }) {
  return parts.map(({ text, match }, place) =>
    match ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place in the text
      <mark key={place} className="rounded-xs bg-accent-soft font-semibold text-accent-strong">
        {text}
      </mark>
    ) : (
      text
    ),
  );
}
