import { Search, X } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { IconButton } from "../../ui/icon-button";
import { useMedia } from "../../ui/use-media";
import { modKey } from "../sidebar/mod-key";
import { useSidebar } from "../sidebar/sidebar-state";

interface SearchBoxProps {
  readonly box: RefObject<HTMLInputElement | null>;
  readonly words: string;
  readonly onWords: (words: string) => void;
  /** The person is about to search. */
  readonly onFocus: () => void;
  /** The person goes from the box into what was found. */
  readonly onDown: () => void;
  /** They want the first of what was found. */
  readonly onEnter: () => void;
}

/** The box for words to search for. Escape empties it, and then leads back to where the person was. */
export function SearchBox({ box, words, onWords, onFocus, onDown, onEnter }: SearchBoxProps) {
  const { say } = useLanguage();
  const { searches, isSearchAsked } = useSidebar();
  const hasKeys = useMedia("(pointer: fine)");
  // biome-ignore lint/correctness/useExhaustiveDependencies: each search is asked for anew
  useEffect(() => {
    if (!isSearchAsked.current) return;
    isSearchAsked.current = false;
    box.current?.focus();
    box.current?.select();
  }, [searches, isSearchAsked, box]);

  const cameFrom = useRef<EventTarget>(null);
  const leave = () => {
    const to = cameFrom.current;
    if (!(to instanceof HTMLElement)) box.current?.blur();
    // What was found, and where the person came from, may be gone: then they stay here.
    else if (to.isConnected) to.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") {
      event.preventDefault();
      onDown();
    }
    if (event.key === "Escape") {
      // The drawer stays, and a reply goes on: only the box was meant.
      event.stopPropagation();
      event.nativeEvent.stopImmediatePropagation();
      if (words === "") leave();
      else onWords("");
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onEnter();
      }}
      className="relative mx-2 text-quiet"
    >
      <Search className="pointer-events-none absolute top-2.5 left-2.5 size-4" aria-hidden="true" />
      <input
        ref={box}
        data-testid="search-input"
        aria-label={say("searchAll")}
        placeholder={hasKeys ? say("searchByKey", { key: `${modKey} K` }) : say("search")}
        value={words}
        maxLength={1000}
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="search"
        onChange={(event) => onWords(event.target.value)}
        onFocus={(event) => {
          cameFrom.current = event.relatedTarget;
          onFocus();
        }}
        onKeyDown={onKeyDown}
        className="h-9 w-full rounded-lg border border-line bg-surface pr-9 pl-9 text-small text-ink outline-none transition-colors placeholder:text-quiet focus:border-accent max-md:text-body"
      />
      {words !== "" && (
        <IconButton
          icon={X}
          label={say("clearSearch")}
          className="absolute top-0 right-0"
          onClick={() => {
            onWords("");
            box.current?.focus();
          }}
        />
      )}
    </form>
  );
}
