import { useEffect, useState } from "react";
import { describeError } from "../../language/describe-problem";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";

/** A skeleton that is shown sooner would only flash. */
const SLOW_MS = 400;
const WIDTHS = ["72%", "56%", "84%", "63%", "77%", "49%"];

/** The skeleton of a list that is loading. */
export function ListLoading() {
  const { say } = useLanguage();
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="min-h-0 flex-1 px-2 pt-9" aria-busy="true">
      {isSlow && <p className="sr-only">{say("loadingConversations")}</p>}
      {isSlow &&
        WIDTHS.map((width) => (
          <div key={width} className="flex h-10 items-center px-2.5" aria-hidden="true">
            <div className="h-3 animate-pulse rounded-full bg-line" style={{ width }} />
          </div>
        ))}
    </div>
  );
}

interface ListFailedProps {
  readonly message: "cannotLoadConversations" | "searchFailed";
  readonly error: Error;
  readonly onRetry: () => void;
}

/** Replaces a list that could not be loaded. */
export function ListFailed({ message, error, onRetry }: ListFailedProps) {
  const language = useLanguage();
  const { say } = language;
  return (
    <div role="alert" className="min-h-0 flex-1 px-4.5 pt-6 text-small">
      <p className="font-medium">{say(message)}</p>
      <p className="mt-1 text-quiet">{describeError(language, error)}</p>
      <Button look="outline" data-testid="list-retry" className="mt-3" onClick={onRetry}>
        {say("tryAgain")}
      </Button>
    </div>
  );
}

/** Stands below the rows when more of them could not be loaded. */
export function MoreFailed({ onRetry }: { readonly onRetry: () => void }) {
  const { say } = useLanguage();
  return (
    <div role="alert" className="flex flex-wrap items-center justify-between gap-2 px-2.5 pb-4">
      <p className="text-small text-quiet">{say("cannotLoadOlder")}</p>
      <Button look="outline" onClick={onRetry}>
        {say("tryAgain")}
      </Button>
    </div>
  );
}

export function NothingListed({ archived }: { readonly archived: boolean }) {
  const { say } = useLanguage();
  return (
    <p className="min-h-0 flex-1 px-4.5 pt-6 text-small text-pretty text-quiet">
      {say(archived ? "noneArchived" : "noneYet")}
    </p>
  );
}
