import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { MessageButton } from "./message-button";

const SAID_MS = 2_000;

/** Copies the source of a message, and says that it did. */
export function CopyButton({ read }: { read: () => string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () =>
    void navigator.clipboard?.writeText(read()).then(
      () => setCopied(true),
      () => undefined,
    );
  return (
    <>
      <MessageButton
        data-testid="copy"
        icon={copied ? Check : Copy}
        label={copied ? "Copied" : "Copy"}
        onClick={copy}
      />
      {copied && (
        <span role="status" className="text-small text-quiet">
          Copied
        </span>
      )}
    </>
  );
}
