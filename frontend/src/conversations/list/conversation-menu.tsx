import {
  Archive,
  ArchiveRestore,
  Braces,
  FileText,
  Link2,
  Pencil,
  Pin,
  PinOff,
  Trash2,
} from "lucide-react";
import { useRef } from "react";
import { exportAddress } from "../../api/archive";
import type { ConversationSummary } from "../../api/schema";
import { useLanguage } from "../../language/language-context";
import type { Opened } from "../../ui/lazy-opener";
import { Menu, MenuItem, MenuSeparator } from "../../ui/menu";
import type { ConversationActions } from "./use-conversation-actions";

interface ConversationMenuProps extends Opened {
  readonly conversation: ConversationSummary;
  readonly actions: ConversationActions;
  readonly onRename: () => void;
}

export default function ConversationMenu(props: ConversationMenuProps) {
  const { conversation, actions, onRename, button } = props;
  const { say } = useLanguage();
  const { id, pinned, archived } = conversation;
  // The rename box and dialogs take the focus, so the menu must not return it to its button.
  const movesFocus = useRef(false);
  const movingFocus = (action: () => void) => () => {
    movesFocus.current = true;
    action();
  };
  return (
    <Menu
      button={button}
      onClosed={(event) => {
        if (movesFocus.current) event.preventDefault();
        movesFocus.current = false;
      }}
    >
      <MenuItem
        icon={Pencil}
        label={say("rename")}
        testId="menu-rename"
        onSelect={movingFocus(onRename)}
      />
      <MenuItem
        icon={pinned ? PinOff : Pin}
        label={say(pinned ? "unpin" : "pin")}
        testId="menu-pin"
        onSelect={() => actions.pin(conversation, !pinned)}
      />
      <MenuItem
        icon={Link2}
        label={say("share")}
        testId="menu-share"
        onSelect={movingFocus(() => actions.share(conversation))}
      />
      <MenuSeparator />
      <MenuItem
        icon={FileText}
        label={say("exportMarkdown")}
        testId="menu-export-markdown"
        href={exportAddress(id, "markdown")}
      />
      <MenuItem
        icon={Braces}
        label={say("exportJson")}
        testId="menu-export-json"
        href={exportAddress(id, "json")}
      />
      <MenuSeparator />
      <MenuItem
        icon={archived ? ArchiveRestore : Archive}
        label={say(archived ? "unarchive" : "archive")}
        testId="menu-archive"
        onSelect={movingFocus(() => actions.archive(conversation, !archived))}
      />
      <MenuItem
        icon={Trash2}
        label={say("delete")}
        testId="menu-delete"
        look="danger"
        onSelect={movingFocus(() => actions.remove(conversation))}
      />
    </Menu>
  );
}
