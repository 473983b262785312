import { lazy, type ReactNode, useRef } from "react";
import { useLanguage } from "../language/language-context";
import { Optional } from "../ui/optional";
import type { Settings } from "./state/settings";

// Few conversations have any.
const HeaderChips = lazy(() => import("./header-chips"));

interface ChatHeaderProps {
  readonly leading: ReactNode;
  /** Stands where a title will be. */
  readonly brand: ReactNode;
  readonly title: string | null;
  /** It does not stand in the list, also when it is gone on with. */
  readonly isArchived: boolean;
  readonly onUnarchive: () => void;
  readonly settings: Settings;
}

/** What is talked about, and what there is to know before reading on. */
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
              // The button goes; the focus stays near.
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
