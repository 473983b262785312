import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { TextPart } from "../../../../generation/parts";
import { useLanguage } from "../../../../language/language-context";
import type { DrawnKind, PartProps } from "../registry";

/** Reasoning is unfolded while it arrives, unless the person folds it. */
function Reasoning({ part: { text }, end }: PartProps<TextPart>) {
  const { say } = useLanguage();
  const [chosen, choose] = useState<boolean | null>(null);
  const isOpen = chosen ?? end === "open";
  return (
    <details
      open={isOpen}
      // The event also comes when the page itself changes `open`.
      onToggle={({ currentTarget: { open } }) => open !== isOpen && choose(open)}
      className="text-small text-quiet"
    >
      <summary className="-ml-1 flex min-h-8 w-fit cursor-pointer list-none items-center gap-1 rounded-lg px-1 font-medium hover:text-ink [&::-webkit-details-marker]:hidden">
        <ChevronRight
          className={`size-4 transition-transform ${isOpen ? "rotate-90" : ""}`}
          aria-hidden="true"
        />
        {say("reasoning")}
      </summary>
      <div
        data-testid="reasoning-text"
        className="mt-1 flex max-h-48 flex-col-reverse overflow-y-auto border-l-2 border-line pl-4 whitespace-pre-wrap"
      >
        <span>{text}</span>
      </div>
    </details>
  );
}

export default { type: "reasoning", View: Reasoning } satisfies DrawnKind<TextPart>;
