import { Check, Copy, WrapText, X } from "lucide-react";
import { memo, type ReactNode, useState } from "react";
import { useCopy } from "../../copy-text";
import { useLanguage } from "../../language/language-context";
import { TypingCursor } from "../render/typing-cursor";
import { CodeButton } from "./code-button";
import { CodeText } from "./code-text";

interface CodeBlockProps {
  readonly code: string;
  /** As the fence names it; empty if it does not. */
  readonly language: string;
  /** Whether the block is still being written. */
  readonly isOpen: boolean;
  /** More buttons. */
  readonly children?: ReactNode;
}

/** Code with its language and buttons, which are not part of the reply's text. */
export const CodeBlock = memo(function CodeBlock(props: CodeBlockProps) {
  const { code, language, isOpen, children } = props;
  const { say } = useLanguage();
  const [isWrapped, wrap] = useState(false);
  return (
    <div className="code-block">
      <CodeBar code={code} language={language}>
        {children}
        <CodeButton
          icon={WrapText}
          label={say("wrapLines")}
          isPressed={isWrapped}
          onClick={() => wrap(!isWrapped)}
        />
      </CodeBar>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <pre tabIndex={0} className={isWrapped ? "wrapped" : undefined}>
        <code>
          <CodeText code={code} language={language} isOpen={isOpen} />
          {isOpen && <TypingCursor />}
        </code>
      </pre>
    </div>
  );
});

interface CodeBarProps {
  readonly code: string;
  readonly language: string;
  readonly children: ReactNode;
}

/** The bar above code: its language and its buttons. */
export function CodeBar({ code, language, children }: CodeBarProps) {
  return (
    <div className="code-bar" data-language={language === "" ? "text" : language}>
      <div className="flex">
        {children}
        <CopyButton text={code} />
      </div>
    </div>
  );
}

function CopyButton({ text }: { text: string }) {
  const { say } = useLanguage();
  const { outcome, copy, reset } = useCopy();
  return (
    <>
      <CodeButton
        icon={outcome === undefined ? Copy : { copied: Check, notCopied: X }[outcome]}
        label={say(outcome ?? "copyCode")}
        onClick={() => copy(text)}
        onLeave={reset}
      />
      <span role="status" className="sr-only select-none">
        {outcome !== undefined && say(outcome)}
      </span>
    </>
  );
}
