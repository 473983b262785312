import { type KeyboardEvent, type RefObject, useEffect, useState } from "react";
import type { SearchResult } from "../../api/schema";
import { describeError } from "../../language/describe-problem";
import { useLanguage } from "../../language/language-context";
import { Link } from "../../link";
import { conversationPath, useOpenConversation } from "../../route";
import { Button } from "../../ui/button";
import { useSearch } from "../data/queries";
import { ListLoading } from "../list/list-states";
import { useSidebar } from "../sidebar/sidebar-state";
import { Highlighted } from "./highlighted";
import { withoutMarkup } from "./without-markup";

interface SearchResultsProps {
  readonly words: string;
  /** Where the results are drawn; the search box leads into it. */
  readonly place: RefObject<HTMLUListElement | null>;
  /** The person goes up from the first result, or leaves the results with Escape. */
  readonly onUp: () => void;
}

/** What was found, newest first; arrow keys lead through it. */
export default function SearchResults({ words, place, onUp }: SearchResultsProps) {
  const language = useLanguage();
  const { say } = language;
  const search = useSearch(words);
  const open = useOpenConversation();
  const results = search.data?.pages.flatMap((page) => page.results) ?? [];
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = search;

  if (search.isError && search.data === undefined) {
    return (
      <div role="alert" className="min-h-0 flex-1 px-4.5 pt-6 text-small">
        <p className="font-medium">{say("searchFailed")}</p>
        <p className="mt-1 text-quiet">{describeError(language, search.error)}</p>
        <Button look="outline" className="mt-3" onClick={() => void search.refetch()}>
          {say("tryAgain")}
        </Button>
      </div>
    );
  }
  if (search.data === undefined) return <ListLoading />;
  const onKeyDown = (event: KeyboardEvent<HTMLUListElement>) => {
    if (!["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape") {
      // As in the box: the drawer stays, and a reply goes on.
      event.stopPropagation();
      event.nativeEvent.stopImmediatePropagation();
      return onUp();
    }
    const links = [...event.currentTarget.querySelectorAll("a")];
    const from = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (event.key === "ArrowUp" && from <= 0) onUp();
    else links[from + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  };
  return (
    <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pb-4">
      <SearchStatus count={results.length} isMore={hasNextPage} words={words} />
      <ul
        ref={place}
        aria-label={say("found")}
        onKeyDown={onKeyDown}
        className={`grid grid-cols-1 gap-1 transition-opacity ${search.isPlaceholderData ? "opacity-60" : ""}`}
      >
        {results.map((result) => (
          <li key={result.conversation.id}>
            <Result result={result} isOpen={result.conversation.id === open} />
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button
          look="quiet"
          className="mt-2 w-full"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {say("showMore")}
        </Button>
      )}
    </div>
  );
}

interface ResultProps {
  readonly result: SearchResult;
  /** It is the conversation on the page. */
  readonly isOpen: boolean;
}

function Result({ result, isOpen }: ResultProps) {
  const { say } = useLanguage();
  const { leave } = useSidebar();
  const { conversation, message, title, snippet } = result;
  return (
    <Link
      data-testid="search-result"
      data-conversation={conversation.id}
      href={conversationPath(conversation.id, message)}
      aria-current={isOpen ? "page" : undefined}
      onClick={leave}
      className={`block rounded-lg px-2.5 py-2 text-small -outline-offset-2 transition-colors ${isOpen ? "bg-accent-soft" : "hover:bg-line/60"}`}
    >
      <span className="flex items-baseline gap-2">
        <span className="truncate font-medium">
          <Highlighted parts={title} />
        </span>
        {conversation.archived && (
          <span className="ml-auto shrink-0 text-quiet">{say("archived")}</span>
        )}
      </span>
      {snippet.length > 0 && (
        <span
          data-testid="search-snippet"
          className="line-clamp-2 text-quiet [overflow-wrap:anywhere]"
        >
          <Highlighted parts={withoutMarkup(snippet)} />
        </span>
      )}
    </Link>
  );
}

interface SearchStatusProps {
  readonly count: number;
  readonly isMore: boolean;
  readonly words: string;
}

/** How much was found. It is said a moment later, so that nobody hears a count for every letter. */
function SearchStatus({ count, isMore, words }: SearchStatusProps) {
  const { say } = useLanguage();
  const text =
    count === 0
      ? say("nothingFound", { words: words.trim() })
      : say(isMore ? "foundNewest" : "foundCount", { count });
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(text), 500);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <>
      <p className="px-2.5 pt-3 pb-1 text-small text-quiet" aria-hidden="true">
        {text}
      </p>
      <p role="status" className="sr-only">
        {said}
      </p>
    </>
  );
}
