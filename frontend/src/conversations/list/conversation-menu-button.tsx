import { Ellipsis } from "lucide-react";
import { type ComponentProps, lazy, useState } from "react";
import type { ConversationSummary } from "../../api/schema";
import { useLanguage } from "../../language/language-context";
import { Optional } from "../../ui/optional";
import { useParts } from "../../ui/use-parts";
import type { ConversationActions } from "./use-conversation-actions";

const load = () => import("./conversation-menu");
const ConversationMenu = lazy(load);

interface ConversationMenuButtonProps {
  readonly conversation: ConversationSummary;
  readonly actions: ConversationActions;
  /** It can be reached with Tab: only one row of the list can. */
  readonly isTabStop: boolean;
  readonly onRename: () => void;
}

/** The button of a conversation's menu. What draws menus is fetched when somebody comes near it. */
export function ConversationMenuButton(props: ConversationMenuButtonProps) {
  const { conversation, actions, isTabStop, onRename } = props;
  const [isWanted, setWanted] = useState(false);
  const fetchPart = useParts();
  const preload = () => void load().catch(() => undefined);
  const button = (
    <MenuButton
      title={conversation.title}
      tabIndex={isTabStop ? 0 : -1}
      aria-haspopup="menu"
      onPointerEnter={preload}
      onFocus={preload}
      onClick={() => fetchPart(load, () => setWanted(true))}
    />
  );
  return (
    <Optional fallback={button}>
      {isWanted ? (
        <ConversationMenu conversation={conversation} actions={actions} onRename={onRename}>
          <MenuButton title={conversation.title} tabIndex={isTabStop ? 0 : -1} />
        </ConversationMenu>
      ) : (
        button
      )}
    </Optional>
  );
}

interface MenuButtonProps extends ComponentProps<"button"> {
  readonly title: string;
}

function MenuButton({ title, ...rest }: MenuButtonProps) {
  const { say } = useLanguage();
  return (
    <button
      type="button"
      data-testid="conversation-menu"
      aria-label={say("actionsFor", { title })}
      className="grid size-8 shrink-0 place-items-center rounded-md text-quiet opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:bg-line hover:text-ink data-[state=open]:bg-line data-[state=open]:opacity-100 pointer-coarse:opacity-100"
      {...rest}
    >
      <Ellipsis className="size-4" aria-hidden="true" />
    </button>
  );
}
