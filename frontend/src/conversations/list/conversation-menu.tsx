import * as Menu from "@radix-ui/react-dropdown-menu";
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
import { type ReactNode, useRef } from "react";
import { exportPath } from "../../api/conversations";
import type { ConversationSummary } from "../../api/schema";
import { useLanguage } from "../../language/language-context";
import { MenuDownload, MenuItem, MenuLine, MenuList } from "../../ui/menu";
import type { ConversationActions } from "./use-conversation-actions";

interface ConversationMenuProps {
  readonly conversation: ConversationSummary;
  readonly actions: ConversationActions;
  readonly onRename: () => void;
  /** The button that opens it. */
  readonly children: ReactNode;
}

/** What can be done with one conversation. It is open when it is first drawn. */
export default function ConversationMenu(props: ConversationMenuProps) {
  const { conversation, actions, onRename, children } = props;
  const { say } = useLanguage();
  const { id, pinned, archived } = conversation;
  // What is opened from the menu takes the focus, and the menu must not take it back.
  const leadsElsewhere = useRef(false);
  const elsewhere = (go: () => void) => () => {
    leadsElsewhere.current = true;
    go();
  };
  return (
    <Menu.Root modal={false} defaultOpen>
      <Menu.Trigger asChild>{children}</Menu.Trigger>
      <MenuList
        onClosed={(event) => {
          if (leadsElsewhere.current) event.preventDefault();
          leadsElsewhere.current = false;
        }}
      >
        <MenuItem
          icon={Pencil}
          label={say("rename")}
          testId="menu-rename"
          onSelect={elsewhere(onRename)}
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
          onSelect={elsewhere(() => actions.share(conversation))}
        />
        <MenuLine />
        <MenuDownload
          icon={FileText}
          label={say("exportMarkdown")}
          testId="menu-export-markdown"
          href={exportPath(id, "markdown")}
        />
        <MenuDownload
          icon={Braces}
          label={say("exportJson")}
          testId="menu-export-json"
          href={exportPath(id, "json")}
        />
        <MenuLine />
        <MenuItem
          icon={archived ? ArchiveRestore : Archive}
          label={say(archived ? "unarchive" : "archive")}
          testId="menu-archive"
          onSelect={elsewhere(() => actions.archive(conversation, !archived))}
        />
        <MenuItem
          icon={Trash2}
          label={say("delete")}
          testId="menu-delete"
          look="danger"
          onSelect={elsewhere(() => actions.remove(conversation))}
        />
      </MenuList>
    </Menu.Root>
  );
}
