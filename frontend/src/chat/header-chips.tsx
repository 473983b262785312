import { Archive, ArchiveRestore, type LucideIcon, ScrollText } from "lucide-react";
import type { ReactNode } from "react";
import { useLanguage } from "../language/language-context";

interface HeaderChipsProps {
  readonly isArchived: boolean;
  readonly onUnarchive: () => void;
  readonly system: string | null;
}

/** Show that a conversation is archived or has a system prompt. */
export default function HeaderChips({ isArchived, onUnarchive, system }: HeaderChipsProps) {
  const { say } = useLanguage();
  return (
    <>
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
            onClick={onUnarchive}
            className="-my-1 -mr-3 ml-1 flex min-h-8 min-w-8 items-center justify-center gap-1.5 rounded-r-full border-l border-line px-2.5 text-ink transition-colors hover:bg-line/60 max-sm:-mr-2"
          >
            <ArchiveRestore className="size-3.5" aria-hidden="true" />
            <span className="max-sm:sr-only">{say("unarchive")}</span>
          </button>
        </Chip>
      )}
      {system !== null && system !== "" && (
        <Chip icon={ScrollText} label={say("systemPrompt")} about={system} testId="system-chip" />
      )}
    </>
  );
}

interface ChipProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly about: string;
  readonly testId: string;
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
