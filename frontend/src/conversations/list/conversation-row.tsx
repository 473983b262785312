import { Link2 } from "lucide-react";
import { lazy, memo, useState } from "react";
import type { ConversationSummary } from "../../api/schema";
import { useLanguage } from "../../language/language-context";
import { Link } from "../../link";
import { conversationPath } from "../../route";
import { Optional } from "../../ui/optional";
import { useParts } from "../../ui/use-parts";
import { ConversationMenuButton } from "./conversation-menu-button";
import type { ConversationActions } from "./use-conversation-actions";

const loadRenameBox = () => import("./rename-box");
const RenameBox = lazy(loadRenameBox);

interface ConversationRowProps {
  readonly conversation: ConversationSummary;
  readonly actions: ConversationActions;
  /** It is the one on the page. */
  readonly isOpen: boolean;
  /** It is the one row that Tab leads to; arrow keys lead to the others. */
  readonly isTabStop: boolean;
  readonly onFollow: () => void;
}

/** A conversation of the list: a link to it, and what can be done with it. */
export const ConversationRow = memo(function ConversationRow(props: ConversationRowProps) {
  const { conversation, actions, isOpen, isTabStop, onFollow } = props;
  const fetchPart = useParts();
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
  const rename = () => fetchPart(loadRenameBox, () => setRenaming(true));
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
        {running && <RunningDot />}
        {shared && !running && <SharedSign />}
      </Link>
      <ConversationMenuButton
        conversation={conversation}
        actions={actions}
        isTabStop={isTabStop}
        onRename={rename}
      />
    </div>
  );
});

function RunningDot() {
  const { say } = useLanguage();
  return (
    <span className="ml-auto grid size-4 shrink-0 place-items-center" title={say("beingWritten")}>
      <span className="size-2 animate-pulse rounded-full bg-accent" />
      <span className="sr-only">, {say("beingWritten")}</span>
    </span>
  );
}

function SharedSign() {
  const { say } = useLanguage();
  return (
    <span className="ml-auto shrink-0 text-quiet" title={say("sharedWithLink")}>
      <Link2 className="size-3.5" aria-hidden="true" />
      <span className="sr-only">, {say("sharedWithLink")}</span>
    </span>
  );
}

function focus(link: HTMLAnchorElement | null): void {
  link?.focus({ preventScroll: true });
}
