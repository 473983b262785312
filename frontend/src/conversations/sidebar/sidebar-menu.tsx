import * as Menu from "@radix-ui/react-dropdown-menu";
import { Archive, FileDown, FileUp, Keyboard, Settings2 } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { navigate } from "wouter/use-browser-location";
import { EXPORT_ALL_PATH } from "../../api/conversations";
import { useLanguage } from "../../language/language-context";
import { conversationPath } from "../../route";
import { MenuDownload, MenuItem, MenuLine, MenuList } from "../../ui/menu";
import { useImportConversations } from "../data/importing";
import { useSidebar } from "./sidebar-state";

interface SidebarMenuProps {
  readonly onShowArchived: () => void;
  /** The button that opens it. */
  readonly children: ReactNode;
}

/** What can be done with all conversations. It is open when it is first drawn. */
export default function SidebarMenu({ onShowArchived, children }: SidebarMenuProps) {
  const { say } = useLanguage();
  const { openDialog, leave } = useSidebar();
  const file = useRef<HTMLInputElement>(null);
  const importing = useImportConversations((id) => {
    leave();
    navigate(conversationPath(id));
  });
  return (
    <>
      <Menu.Root modal={false} defaultOpen>
        <Menu.Trigger asChild>{children}</Menu.Trigger>
        <MenuList>
          <MenuItem
            icon={Archive}
            label={say("archivedConversations")}
            testId="show-archived"
            onSelect={onShowArchived}
          />
          <MenuLine />
          <MenuItem
            icon={FileUp}
            label={say("import")}
            testId="import"
            onSelect={() => file.current?.click()}
          />
          <MenuDownload
            icon={FileDown}
            label={say("exportAll")}
            testId="export-all"
            href={EXPORT_ALL_PATH}
          />
          <MenuLine />
          <MenuItem
            icon={Settings2}
            label={say("preferences")}
            testId="menu-preferences"
            onSelect={() => openDialog({ kind: "preferences" })}
          />
          <MenuItem
            icon={Keyboard}
            label={say("shortcuts")}
            testId="menu-shortcuts"
            onSelect={() => openDialog({ kind: "shortcuts" })}
          />
        </MenuList>
      </Menu.Root>
      <input
        ref={file}
        type="file"
        accept="application/json,.json"
        aria-label={say("exportedFile")}
        tabIndex={-1}
        className="sr-only"
        onChange={(event) => {
          const [chosen] = event.target.files ?? [];
          if (chosen !== undefined) importing.mutate(chosen);
          // The same file may be chosen again.
          event.target.value = "";
        }}
      />
    </>
  );
}
