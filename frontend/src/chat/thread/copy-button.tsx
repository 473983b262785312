import { Check, Copy } from "lucide-react";
import { useEffect } from "react";
import { useCopy } from "../../copy-text";
import { useLanguage } from "../../language/language-context";
import { MessageButton } from "../../ui/message-button";

const SHOWN_MS = 2_000;

/** Copies the source of a message. */
export function CopyButton({ text }: { text: string }) {
  const { say } = useLanguage();
  const { outcome, copy, reset } = useCopy();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the timer starts with each outcome
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(reset, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  return (
    <>
      <MessageButton
        data-testid="copy"
        icon={outcome === "copied" ? Check : Copy}
        text={outcome ?? "copy"}
        onClick={() => copy(text)}
      />
      <span role="status" className="select-none text-small text-quiet">
        {outcome !== undefined && say(outcome)}
      </span>
    </>
  );
}
