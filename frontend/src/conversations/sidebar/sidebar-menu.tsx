import { Archive, FileDown, FileUp, Keyboard, Settings2 } from "lucide-react";
import { useRef } from "react";
import { navigate } from "wouter/use-browser-location";
import { EXPORT_ALL_ADDRESS } from "../../api/archive";
import { useLanguage } from "../../language/language-context";
import { conversationPath } from "../../route";
import type { Opened } from "../../ui/lazy-opener";
import { Menu, MenuItem, MenuSeparator } from "../../ui/menu";
import { useImportConversations } from "../data/importing";
import { useSidebar } from "./sidebar-state";

/** The menu for all conversations. */
export default function SidebarMenu({ button }: Opened) {
  const { say } = useLanguage();
  const { openDialog, leave, showArchive } = useSidebar();
  const file = useRef<HTMLInputElement>(null);
  const importing = useImportConversations((id) => {
    leave();
    navigate(conversationPath(id));
  });
  return (
    <>
      <Menu button={button}>
        <MenuItem
          icon={Archive}
          label={say("archivedConversations")}
          testId="show-archived"
          onSelect={() => showArchive(true)}
        />
        <MenuSeparator />
        <MenuItem
          icon={FileUp}
          label={say("import")}
          testId="import"
          onSelect={() => file.current?.click()}
        />
        <MenuItem
          icon={FileDown}
          label={say("exportAll")}
          testId="export-all"
          href={EXPORT_ALL_ADDRESS}
        />
        <MenuSeparator />
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
      </Menu>
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
          // Otherwise choosing the same file again would cause no event.
          event.target.value = "";
        }}
      />
    </>
  );
}
