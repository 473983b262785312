import { ArrowLeft, Ellipsis, SquarePen } from "lucide-react";
import { lazy, useRef, useState } from "react";
import { useLanguage } from "../../language/language-context";
import { Brand } from "../../ui/brand";
import { IconButton } from "../../ui/icon-button";
import { lazyOpener } from "../../ui/lazy-opener";
import { Lost } from "../../ui/lost";
import { Optional } from "../../ui/optional-boundary";
import { ConversationList } from "../list/conversation-list";
import { ListLoading } from "../list/list-states";
import { SearchBox } from "../search/search-box";
import { useDebounced } from "../search/use-debounced";
import { NewChatLink, SidebarToggle } from "./sidebar-buttons";
import { useSidebar } from "./sidebar-state";

const loadResults = () => import("../search/search-results");
const SearchResults = lazy(loadResults);
const MenuOpener = lazyOpener(() => import("./sidebar-menu"));

/** A search begins after this pause in typing. */
const TYPING_MS = 180;

export default function Sidebar() {
  const { say } = useLanguage();
  const [words, setWords] = useState("");
  const { isArchiveShown, showArchive, searchBox } = useSidebar();
  const settled = useDebounced(words, TYPING_MS);
  const bar = useRef<HTMLElement>(null);
  const results = useRef<HTMLUListElement>(null);
  const isSearching = words.trim() !== "";
  const focusOn = (name: string) =>
    bar.current?.querySelector<HTMLElement>(`[data-testid="${name}"]`)?.focus();
  const firstResult = () => results.current?.querySelector("a");
  const menuButton = (
    <IconButton icon={Ellipsis} text="more" data-testid="sidebar-menu" aria-haspopup="menu" />
  );

  return (
    <nav
      ref={bar}
      data-testid="sidebar"
      aria-label={say("conversations")}
      className="flex h-full flex-col bg-sunken"
    >
      <div className="flex min-h-14 items-center gap-1 px-2">
        <SidebarToggle />
        <Brand className="flex-1" />
        <MenuOpener button={menuButton} />
      </div>
      <NewChatLink className="mx-2 mb-2 flex min-h-10 items-center gap-2.5 rounded-lg px-2.5 text-small font-medium transition-colors hover:bg-line/60">
        <SquarePen className="size-4 text-accent" aria-hidden="true" />
        {say("newChat")}
      </NewChatLink>
      <SearchBox
        words={words}
        onWords={setWords}
        onFocus={() => void loadResults().catch(() => undefined)}
        onDown={() => {
          const first = isSearching
            ? firstResult()
            : bar.current?.querySelector<HTMLElement>('[data-conversation] a[tabindex="0"]');
          first?.focus();
        }}
        onEnter={() => firstResult()?.click()}
      />
      {isArchiveShown && !isSearching && (
        <div className="flex items-center gap-1 px-2 pt-2">
          <IconButton
            icon={ArrowLeft}
            text="backToAll"
            data-testid="hide-archived"
            onClick={() => {
              showArchive(false);
              focusOn("sidebar-menu");
            }}
          />
          <h2 className="text-small font-medium">{say("archivedConversations")}</h2>
        </div>
      )}
      {isSearching ? (
        <Optional fallback={<ListLoading />} lost={<Lost text="cannotShowConversations" />}>
          <SearchResults words={settled} list={results} onUp={() => searchBox.current?.focus()} />
        </Optional>
      ) : (
        <ConversationList
          archived={isArchiveShown}
          onLastLeft={() => focusOn(isArchiveShown ? "hide-archived" : "new-chat")}
        />
      )}
    </nav>
  );
}
