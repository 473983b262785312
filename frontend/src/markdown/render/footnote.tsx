import { CornerLeftUp } from "lucide-react";
import { type MouseEvent, type ReactNode, use } from "react";
import { useLanguage } from "../../language/language-context";
import type { FootnoteReferenceToken } from "../parse/footnote-syntax";
import { DocumentContext } from "./document-context";

/** A link to a footnote. A reference without a footnote is rendered as text. */
export function FootnoteReference({ reference }: { reference: FootnoteReferenceToken }) {
  const { id, definitions, isOpen } = use(DocumentContext);
  if (!definitions.has(`^${reference.label}`))
    return isOpen ? <sup>{reference.label}</sup> : reference.raw;
  return (
    <sup>
      <a href={`#${id}-${reference.label}`} role="doc-noteref" onClick={focusNote}>
        {reference.label}
      </a>
    </sup>
  );
}

// The URL stays that of the conversation.
function focusNote(event: MouseEvent<HTMLAnchorElement>): void {
  event.preventDefault();
  document.getElementById(event.currentTarget.hash.slice(1))?.focus();
}

/** A footnote with a button that returns to its first reference. */
export function Footnote({ label, children }: { label: string; children: ReactNode }) {
  const { say } = useLanguage();
  const id = `${use(DocumentContext).id}-${label}`;
  return (
    <div id={id} role="doc-footnote" tabIndex={-1} className="footnote">
      <span>{label}</span>
      <div>{children}</div>
      <button
        type="button"
        className="icon-button"
        aria-label={say("backToText")}
        title={say("backToText")}
        onClick={() => document.querySelector<HTMLElement>(`a[href="#${CSS.escape(id)}"]`)?.focus()}
      >
        <CornerLeftUp aria-hidden="true" />
      </button>
    </div>
  );
}
