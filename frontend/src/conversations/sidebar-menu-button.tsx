import { Ellipsis } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { IconButton } from "../ui/icon-button";

const load = () => import("./sidebar-menu");
const SidebarMenu = lazy(load);

/** The button of the bar's own menu. What draws menus is fetched when somebody comes near it. */
export function SidebarMenuButton({ onShowArchived }: { readonly onShowArchived: () => void }) {
  const [isWanted, setWanted] = useState(false);
  const preload = () => void load();
  const button = (
    <IconButton
      icon={Ellipsis}
      label="More"
      data-testid="sidebar-menu"
      aria-haspopup="menu"
      onPointerEnter={preload}
      onFocus={preload}
      onClick={() => setWanted(true)}
    />
  );
  if (!isWanted) return button;
  return (
    <Suspense fallback={button}>
      <SidebarMenu onShowArchived={onShowArchived}>
        <IconButton icon={Ellipsis} label="More" data-testid="sidebar-menu" />
      </SidebarMenu>
    </Suspense>
  );
}
