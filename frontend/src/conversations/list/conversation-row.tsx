import { Ellipsis, Link2 } from "lucide-react";
import { lazy, memo, useState } from "react";
import type { ConversationSummary } from "../../api/schema";
import { useLanguage } from "../../language/language-context";
import { Link } from "../../link";
import { conversationPath } from "../../route";
import { focus } from "../../ui/focus";
import { lazyOpener } from "../../ui/lazy-opener";
import { loadThen } from "../../ui/load-then";
import { Optional } from "../../ui/optional-boundary";
import type { ConversationActions } from "./use-conversation-actions";

const MenuOpener = lazyOpener(() => import("./conversation-menu"));
const loadRenameBox = () => import("./rename-box");
const RenameBox = lazy(loadRenameBox);

interface ConversationRowProps {
  readonly conversation: ConversationSummary;
  readonly actions: ConversationActions;
  /** Whether the page shows it. */
  readonly isOpen: boolean;
  /** Whether Tab leads to this row; arrow keys lead to the others. */
  readonly isTabStop: boolean;
  readonly onFollow: () => void;
}

/** A conversation of the list: its link and its menu. */
export const ConversationRow = memo(function ConversationRow(props: ConversationRowProps) {
  const { conversation, actions, isOpen, isTabStop, onFollow } = props;
  const { say } = useLanguage();
  const [isRenaming, setRenaming] = useState(false);
  const { id, title, running, shared } = conversation;
  const [keepsFocus, setKeepsFocus] = useState(false);

  if (isRenaming) {
    const onDone = (next: string | null, byKey: boolean) => {
      setRenaming(false);
      setKeepsFocus(byKey);
      if (next !== null) actions.rename(conversation, next);
    };
    return (
      <Optional>
        <RenameBox title={title} onDone={onDone} />
      </Optional>
    );
  }
  const rename = () => loadThen(loadRenameBox, () => setRenaming(true));
  const menuButton = (
    <button
      type="button"
      data-testid="conversation-menu"
      aria-label={say("actionsFor", { title })}
      aria-haspopup="menu"
      tabIndex={isTabStop ? 0 : -1}
      className="grid size-8 shrink-0 place-items-center rounded-md text-quiet opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:bg-line hover:text-ink data-[state=open]:bg-line data-[state=open]:opacity-100 pointer-coarse:opacity-100"
    >
      <Ellipsis className="size-4" aria-hidden="true" />
    </button>
  );
  return (
    <div
      className={`group flex h-full items-center rounded-lg pr-1 transition-colors ${isOpen ? "bg-accent-soft font-medium" : "hover:bg-line/60"}`}
    >
      <Link
        ref={keepsFocus ? focus : null}
        href={conversationPath(id)}
        aria-current={isOpen ? "page" : undefined}
        tabIndex={isTabStop ? 0 : -1}
        title={title}
        draggable={false}
        onClick={onFollow}
        onDoubleClick={rename}
        onKeyDown={(event) => event.key === "F2" && rename()}
        className="flex h-full min-w-0 flex-1 items-center gap-2 rounded-lg pl-2.5 text-small -outline-offset-2"
      >
        <span dir="auto" className="truncate">
          {title}
        </span>
        {(running || shared) && (
          <span
            className="ml-auto grid size-4 shrink-0 place-items-center text-quiet"
            title={say(running ? "beingWritten" : "sharedWithLink")}
          >
            {running ? (
              <span className="size-2 animate-pulse rounded-full bg-accent" />
            ) : (
              <Link2 className="size-3.5" aria-hidden="true" />
            )}
            <span className="sr-only">, {say(running ? "beingWritten" : "sharedWithLink")}</span>
          </span>
        )}
      </Link>
      <MenuOpener
        conversation={conversation}
        actions={actions}
        onRename={rename}
        button={menuButton}
      />
    </div>
  );
});
