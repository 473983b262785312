import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { MessageButton } from "./message-button";

const SAID_MS = 2_000;

/** Copies the source of a message, and says whether that went well. */
export function CopyButton({ read }: { read: () => string }) {
  const [said, say] = useState<"Copied" | "Not copied">();
  useEffect(() => {
    if (said === undefined) return;
    const timer = setTimeout(() => say(undefined), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () =>
    void copyText(read()).then(
      () => say("Copied"),
      () => say("Not copied"),
    );
  return (
    <>
      <MessageButton
        data-testid="copy"
        icon={said === "Copied" ? Check : Copy}
        label={said ?? "Copy"}
        onClick={copy}
      />
      {said !== undefined && (
        <span role="status" className="text-small text-quiet">
          {said}
        </span>
      )}
    </>
  );
}

// `navigator.clipboard` does not exist on a page served over plain http from another machine.
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard === undefined) throw new Error("this page may not use the clipboard");
  await navigator.clipboard.writeText(text);
}
