import { Ellipsis } from "lucide-react";
import { lazy, useState } from "react";
import { useLanguage } from "../../language/language-context";
import { IconButton } from "../../ui/icon-button";
import { Optional } from "../../ui/optional";
import { useParts } from "../../ui/use-parts";

const load = () => import("./sidebar-menu");
const SidebarMenu = lazy(load);

/** The button of the bar's own menu. What draws menus is fetched when somebody comes near it. */
export function SidebarMenuButton({ onShowArchived }: { readonly onShowArchived: () => void }) {
  const { say } = useLanguage();
  const [isWanted, setWanted] = useState(false);
  const fetchPart = useParts();
  const preload = () => void load().catch(() => undefined);
  const button = (
    <IconButton
      icon={Ellipsis}
      label={say("more")}
      data-testid="sidebar-menu"
      aria-haspopup="menu"
      onPointerEnter={preload}
      onFocus={preload}
      onClick={() => fetchPart(load, () => setWanted(true))}
    />
  );
  return (
    <Optional fallback={button}>
      {isWanted ? (
        <SidebarMenu onShowArchived={onShowArchived}>
          <IconButton icon={Ellipsis} label={say("more")} data-testid="sidebar-menu" />
        </SidebarMenu>
      ) : (
        button
      )}
    </Optional>
  );
}
