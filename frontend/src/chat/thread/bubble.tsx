import { useState } from "react";
import { useLanguage } from "../../language/language-context";

/** Longer texts are folded. */
const LINES = 20;
const CHARACTERS = 1_500;

/** The text of a user message. Only the beginning of a long one is shown at first. */
export function Bubble({ text }: { text: string }) {
  const { say } = useLanguage();
  const isLong = text.length > CHARACTERS || text.split("\n", LINES + 1).length > LINES;
  const [isFolded, fold] = useState(true);
  return (
    <div className="min-w-0 rounded-2xl rounded-br-md bg-accent-soft px-4 py-2">
      <p
        dir="auto"
        className={`break-words whitespace-pre-wrap ${isLong && isFolded ? "folded" : ""}`}
        // Finding or selecting hidden text scrolls to it.
        onScroll={() => fold(false)}
      >
        {text}
      </p>
      {isLong && (
        <button
          type="button"
          data-testid="fold"
          aria-expanded={!isFolded}
          onClick={() => fold(!isFolded)}
          className="min-h-9 select-none text-small font-medium text-accent"
        >
          {say(isFolded ? "showAll" : "showLess")}
        </button>
      )}
    </div>
  );
}
