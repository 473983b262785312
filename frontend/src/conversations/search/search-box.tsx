import { Search, X } from "lucide-react";
import { type KeyboardEvent, useLayoutEffect, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { IconButton } from "../../ui/icon-button";
import { useMedia } from "../../ui/use-media";
import { modKey } from "../sidebar/mod-key";
import { useSidebar } from "../sidebar/sidebar-state";

interface SearchBoxProps {
  readonly words: string;
  readonly onWords: (words: string) => void;
  readonly onFocus: () => void;
  /** Moves the focus to the results. */
  readonly onDown: () => void;
  /** Opens the first result. */
  readonly onEnter: () => void;
}

/** The search box. Escape clears it, or returns the focus if it is empty. */
export function SearchBox({ words, onWords, onFocus, onDown, onEnter }: SearchBoxProps) {
  const { say } = useLanguage();
  const { searchBox: box, leaveStandIn } = useSidebar();
  const hasKeys = useMedia("(pointer: fine)");
  // Before anything else is typed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once
  useLayoutEffect(() => {
    const typed = leaveStandIn.current?.();
    if (typed === undefined) return;
    box.current?.focus();
    onWords(typed);
  }, []);

  const cameFrom = useRef<EventTarget>(null);
  const leave = () => {
    const to = cameFrom.current;
    if (!(to instanceof HTMLElement)) box.current?.blur();
    // The element may have been removed.
    else if (to.isConnected) to.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") {
      event.preventDefault();
      onDown();
    }
    if (event.key === "Escape") {
      // Escape must not also close the drawer or stop a reply.
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
          text="clearSearch"
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
