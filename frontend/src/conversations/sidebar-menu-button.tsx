import { Ellipsis } from "lucide-react";
import { lazy, startTransition, useState } from "react";
import { IconButton } from "../ui/icon-button";
import { Optional } from "../ui/optional";

const load = () => import("./sidebar-menu");
const SidebarMenu = lazy(load);

/** The button of the bar's own menu. What draws menus is fetched when somebody comes near it. */
export function SidebarMenuButton({ onShowArchived }: { readonly onShowArchived: () => void }) {
  const [isWanted, setWanted] = useState(false);
  const preload = () => void load().catch(() => undefined);
  const button = (
    <IconButton
      icon={Ellipsis}
      label="More"
      data-testid="sidebar-menu"
      aria-haspopup="menu"
      onPointerEnter={preload}
      onFocus={preload}
      // A transition: the button stays, with its focus, until the menu can take its place.
      onClick={() => startTransition(() => setWanted(true))}
    />
  );
  return (
    <Optional fallback={button}>
      {isWanted ? (
        <SidebarMenu onShowArchived={onShowArchived}>
          <IconButton icon={Ellipsis} label="More" data-testid="sidebar-menu" />
        </SidebarMenu>
      ) : (
        button
      )}
    </Optional>
  );
}
