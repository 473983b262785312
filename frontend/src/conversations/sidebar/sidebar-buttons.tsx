import { PanelLeft, SquarePen } from "lucide-react";
import { type ComponentProps, useEffect, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { Link } from "../../link";
import { NEW_CHAT_PATH } from "../../route";
import { IconButton } from "../../ui/icon-button";
import { modKey } from "./mod-key";
import { useSidebar } from "./sidebar-state";

/** Shows or hides the side bar. It is in the bar while that is shown, otherwise in the header. */
export function SidebarToggle() {
  const { isShown, toggle, isToggled } = useSidebar();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isToggled.current) button.current?.focus();
    isToggled.current = false;
  }, [isToggled]);
  return (
    <IconButton
      ref={button}
      icon={PanelLeft}
      text={isShown ? "hideConversations" : "showConversations"}
      aria-expanded={isShown}
      data-testid="sidebar-toggle"
      onClick={toggle}
    />
  );
}

/** The buttons in the header while the side bar is hidden. */
export function SidebarButtons() {
  const { say } = useLanguage();
  const { isShown } = useSidebar();
  if (isShown) return null;
  return (
    <div className="flex items-center">
      <SidebarToggle />
      <NewChatLink
        aria-label={say("newChat")}
        className="grid size-9 place-items-center rounded-lg text-quiet transition-colors hover:bg-line/60 hover:text-ink"
      >
        <SquarePen className="size-4" aria-hidden="true" />
      </NewChatLink>
    </div>
  );
}

export function NewChatLink(props: Omit<ComponentProps<typeof Link>, "href">) {
  const { say } = useLanguage();
  const { leaveForNewChat } = useSidebar();
  return (
    <Link
      href={NEW_CHAT_PATH}
      data-testid="new-chat"
      title={say("newChatByKey", { key: `${modKey} Shift O` })}
      onClick={leaveForNewChat}
      {...props}
    />
  );
}
