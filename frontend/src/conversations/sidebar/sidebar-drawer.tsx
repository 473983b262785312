import { useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { Drawer } from "../../ui/drawer";
import Sidebar from "./sidebar";
import { useSidebar } from "./sidebar-state";

/** The side bar on a narrow screen, over the page. */
export default function SidebarDrawer() {
  const { say } = useLanguage();
  const { isShown, leave, searches } = useSidebar();
  const answered = useRef(0);
  return (
    <Drawer
      title={say("conversations")}
      isOpen={isShown}
      onClose={leave}
      onOpened={(event) => {
        // The search box takes the focus where it was asked for; no other field may, since that would
        // bring up the keyboard of a phone.
        event.preventDefault();
        if (answered.current === searches) focusOn(event.currentTarget);
        answered.current = searches;
      }}
      onClosed={(event) => {
        event.preventDefault();
        focusOn(document.querySelector('[data-testid="sidebar-toggle"]'));
      }}
    >
      <Sidebar />
    </Drawer>
  );
}

function focusOn(target: EventTarget | null): void {
  if (target instanceof HTMLElement) target.focus();
}
