import { Check, Copy } from "lucide-react";
import { memo, useState } from "react";
import { useLanguage } from "../language/language-context";
import { CodeText } from "./code-text";
import { TypingCursor } from "./typing-cursor";

interface CodeBlockProps {
  readonly code: string;
  /** As the fence names it; empty when it does not. */
  readonly language: string;
  /** It is still being written. */
  readonly isOpen: boolean;
}

/** Code with its language and a copy button; neither is part of the reply's text. */
export const CodeBlock = memo(function CodeBlock({ code, language, isOpen }: CodeBlockProps) {
  return (
    <div className="code-block">
      <div className="code-bar" data-language={language === "" ? "text" : language}>
        <CopyButton text={code} />
      </div>
      {/* It scrolls, and not only by a pointer. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre tabIndex={0}>
        <code>
          <CodeText code={code} language={language} isOpen={isOpen} />
          {isOpen && <TypingCursor />}
        </code>
      </pre>
    </div>
  );
});

function CopyButton({ text }: { text: string }) {
  const { say } = useLanguage();
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const copy = () =>
    copyText(text).then(
      () => setCopied("yes"),
      () => setCopied("failed"),
    );
  const label = say(({ no: "copyCode", yes: "copied", failed: "notCopied" } as const)[copied]);
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      onClick={copy}
      onBlur={() => setCopied("no")}
      onPointerLeave={() => setCopied("no")}
    >
      {copied === "yes" ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
    </button>
  );
}

// `navigator.clipboard` does not exist on a page served over plain http from another machine.
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard === undefined) throw new Error("this page may not use the clipboard");
  await navigator.clipboard.writeText(text);
}
