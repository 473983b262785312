import * as Radix from "@radix-ui/react-dialog";
import { useLanguage } from "../../language/language-context";
import { focus } from "../../ui/focus";
import { usePortalContainer } from "../../ui/portal-container";
import { isInToast } from "../../ui/toasts";
import Sidebar from "./sidebar";
import { useSidebar } from "./sidebar-state";

/** The side bar on a narrow screen: a drawer over the page. */
export default function SidebarDrawer() {
  const { say } = useLanguage();
  const { isShown, leave } = useSidebar();
  const container = usePortalContainer();
  return (
    <Radix.Root open={isShown} onOpenChange={(isOpen) => !isOpen && leave()}>
      <Radix.Portal container={container}>
        <div className="pointer-events-auto fixed inset-0 z-30 bg-scrim transition-opacity duration-(--calm) starting:opacity-0" />
        <Radix.Content
          aria-describedby={undefined}
          onInteractOutside={(event) => isInToast(event.target) && event.preventDefault()}
          // Escape in a field is for the field, but Radix receives the key first.
          onEscapeKeyDown={(event) =>
            event.target instanceof HTMLInputElement && event.preventDefault()
          }
          onOpenAutoFocus={(event) => {
            // No field may get the focus, because a phone would show its keyboard. A search has focused its box already.
            event.preventDefault();
            focus(event.currentTarget);
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            focus(document.querySelector('[data-testid="sidebar-toggle"]'));
          }}
          data-drawer
          className="fixed inset-y-0 left-0 z-30 w-[min(20rem,calc(100vw-3rem))] bg-sunken shadow-xl outline-none transition-transform duration-(--calm) starting:-translate-x-full"
        >
          <Radix.Title className="sr-only">{say("conversations")}</Radix.Title>
          <Sidebar />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
