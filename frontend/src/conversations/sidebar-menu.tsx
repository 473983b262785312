import * as Menu from "@radix-ui/react-dropdown-menu";
import { Archive, Ellipsis, FileDown, FileUp, Keyboard } from "lucide-react";
import { useRef } from "react";
import { EXPORT_ALL_PATH } from "../api/conversations";
import { IconButton } from "../ui/icon-button";
import { MenuDownload, MenuItem, MenuLine, MenuList } from "../ui/menu";
import { useImportConversations } from "./mutations";
import { useSidebar } from "./sidebar-state";

/** What can be done with all conversations. */
export function SidebarMenu({ onShowArchived }: { readonly onShowArchived: () => void }) {
  const { openDialog } = useSidebar();
  const file = useRef<HTMLInputElement>(null);
  const importing = useImportConversations();
  return (
    <>
      <Menu.Root modal={false}>
        <Menu.Trigger asChild>
          <IconButton icon={Ellipsis} label="More" data-testid="sidebar-menu" />
        </Menu.Trigger>
        <MenuList>
          <MenuItem
            icon={Archive}
            label="Archived conversations"
            testId="show-archived"
            onSelect={onShowArchived}
          />
          <MenuLine />
          <MenuItem
            icon={FileUp}
            label="Import…"
            testId="import"
            onSelect={() => file.current?.click()}
          />
          <MenuDownload
            icon={FileDown}
            label="Export all"
            testId="export-all"
            href={EXPORT_ALL_PATH}
          />
          <MenuLine />
          <MenuItem
            icon={Keyboard}
            label="Keyboard shortcuts"
            testId="menu-shortcuts"
            onSelect={() => openDialog({ kind: "shortcuts" })}
          />
        </MenuList>
      </Menu.Root>
      <input
        ref={file}
        type="file"
        accept="application/json,.json"
        aria-label="A file of exported conversations"
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
