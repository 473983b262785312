import { Archive, ArchiveRestore, type LucideIcon, ScrollText } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { useLanguage } from "../language/language-context";
import type { Settings } from "./state/settings";

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
      {isArchived && (
        <Chip
          icon={Archive}
          label={say("archived")}
          about={say("archivedAbout")}
          testId="archived-chip"
        >
          <button
            type="button"
            data-testid="unarchive"
            aria-label={say("unarchive")}
            title={say("unarchiveAbout")}
            onClick={() => {
              // The button goes; the focus stays near.
              heading.current?.focus();
              onUnarchive();
            }}
            className="-my-1 -mr-3 ml-1 flex min-h-8 min-w-8 items-center justify-center gap-1.5 rounded-r-full border-l border-line px-2.5 text-ink transition-colors hover:bg-line/60 max-sm:-mr-2"
          >
            <ArchiveRestore className="size-3.5" aria-hidden="true" />
            <span className="max-sm:sr-only">{say("unarchive")}</span>
          </button>
        </Chip>
      )}
      {settings.system !== null && settings.system !== "" && (
        <Chip
          icon={ScrollText}
          label={say("systemPrompt")}
          about={settings.system}
          testId="system-chip"
        />
      )}
    </header>
  );
}

interface ChipProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly about: string;
  readonly testId: string;
  /** What can be done about it. */
  readonly children?: ReactNode;
}

function Chip({ icon: Icon, label, about, testId, children }: ChipProps) {
  return (
    <span
      data-testid={testId}
      title={about}
      className="flex shrink-0 items-center gap-1.5 rounded-full bg-sunken px-3 py-1 text-small text-quiet max-sm:px-2"
    >
      <Icon className="size-3.5" aria-hidden="true" />
      <span className="max-sm:sr-only">{label}</span>
      {children}
    </span>
  );
}
