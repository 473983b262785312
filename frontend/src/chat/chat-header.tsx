import { lazy, type ReactNode, useRef } from "react";
import { useLanguage } from "../language/language-context";
import { untilLoaded } from "../missing-modules";
import { Optional } from "../ui/optional-boundary";
import type { Settings } from "./state/settings";

// Lazy, because few conversations have any.
const HeaderChips = lazy(() => untilLoaded(() => import("./header-chips")));

interface ChatHeaderProps {
  readonly leading: ReactNode;
  /** Shown instead of a title in a new chat. */
  readonly brand: ReactNode;
  readonly title: string | null;
  readonly isArchived: boolean;
  readonly onUnarchive: () => void;
  readonly settings: Settings;
}

export function ChatHeader(props: ChatHeaderProps) {
  const { leading, brand, title, isArchived, onUnarchive, settings } = props;
  const { say } = useLanguage();
  const hasSystem = settings.system !== null && settings.system !== "";
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <header className="relative z-10 flex min-h-14 items-center gap-2 px-4 after:pointer-events-none after:absolute after:inset-x-0 after:top-full after:h-4 after:bg-linear-to-b after:from-paper after:to-transparent sm:px-6">
      {leading}
      {title === null ? (
        <div className="flex-1">
          <h1 className="sr-only">{say("newChat")}</h1>
          {brand}
        </div>
      ) : (
        <h1
          ref={heading}
          data-testid="title"
          tabIndex={-1}
          dir="auto"
          className="min-w-0 flex-1 truncate text-small font-medium outline-none"
        >
          {title}
        </h1>
      )}
      <Optional>
        {(isArchived || hasSystem) && (
          <HeaderChips
            isArchived={isArchived}
            onUnarchive={() => {
              // The button disappears, so the heading takes the focus.
              heading.current?.focus();
              onUnarchive();
            }}
            system={settings.system}
          />
        )}
      </Optional>
    </header>
  );
}
