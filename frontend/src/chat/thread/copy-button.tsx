import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "../../copy-text";
import { useLanguage } from "../../language/language-context";
import { MessageButton } from "../../ui/icon-button";

const SAID_MS = 2_000;

/** Copies the source of a message. */
export function CopyButton({ read }: { read: () => string }) {
  const { say } = useLanguage();
  const [outcome, setOutcome] = useState<"copied" | "notCopied">();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(() => setOutcome(undefined), SAID_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () =>
    void copyText(read()).then(
      () => setOutcome("copied"),
      () => setOutcome("notCopied"),
    );
  return (
    <>
      <MessageButton
        data-testid="copy"
        icon={outcome === "copied" ? Check : Copy}
        label={say(outcome ?? "copy")}
        onClick={copy}
      />
      <span role="status" className="select-none text-small text-quiet">
        {outcome !== undefined && say(outcome)}
      </span>
    </>
  );
}
