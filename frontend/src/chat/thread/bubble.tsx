import { useState } from "react";
import { useLanguage } from "../../language/language-context";

/** What has more of either is long. */
const LINES = 20;
const CHARACTERS = 1_500;

/** What a person wrote. Of what is long only the beginning is shown, until they want to see it all. */
export function Bubble({ text }: { text: string }) {
  const { say } = useLanguage();
  const isLong = text.length > CHARACTERS || text.split("\n", LINES + 1).length > LINES;
  const [isFolded, fold] = useState(true);
  return (
    <div className="min-w-0 rounded-2xl rounded-br-md bg-accent-soft px-4 py-2">
      <p
        dir="auto"
        className={`break-words whitespace-pre-wrap ${isLong && isFolded ? "folded" : ""}`}
        // Whoever looks for words in it, or selects on to them, wants to see them.
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
