import { ScrollText, SquarePen } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "../ui/button";
import type { Settings } from "./settings";

interface ChatHeaderProps {
  readonly leading: ReactNode;
  readonly title: string | null;
  readonly settings: Settings;
  /** Undefined where this is a new chat already. */
  readonly onNewChat: (() => void) | undefined;
}

/** What is talked about, and what there is to know before reading on. */
export function ChatHeader({ leading, title, settings, onNewChat }: ChatHeaderProps) {
  return (
    <header className="relative z-10 flex min-h-14 items-center gap-2 px-4 after:pointer-events-none after:absolute after:inset-x-0 after:top-full after:h-4 after:bg-linear-to-b after:from-paper after:to-transparent sm:px-6">
      {leading}
      <h1 className="min-w-0 flex-1 truncate text-small font-medium text-quiet">{title}</h1>
      {settings.system !== null && settings.system !== "" && (
        <span
          data-testid="system-chip"
          title={settings.system}
          className="flex items-center gap-1.5 rounded-full bg-sunken px-3 py-1 text-small text-quiet"
        >
          <ScrollText className="size-3.5" aria-hidden="true" />
          System prompt
        </span>
      )}
      {onNewChat !== undefined && (
        <Button look="quiet" data-testid="new-chat" onClick={onNewChat}>
          <SquarePen className="size-4" aria-hidden="true" />
          <span className="max-sm:sr-only">New chat</span>
        </Button>
      )}
    </header>
  );
}
