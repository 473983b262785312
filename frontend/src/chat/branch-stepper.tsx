import { ChevronLeft, ChevronRight } from "lucide-react";
import { use } from "react";
import type { Fork } from "./entries";
import { IconButton } from "./icon-button";
import { ThreadContext } from "./thread-context";

/** Where a conversation has branches: which one is shown, and the ways to its neighbours. */
export function BranchStepper({ fork }: { fork: Fork }) {
  const { actions } = use(ThreadContext);
  if (actions === null) return null;
  const { position, count, previous, next } = fork;
  return (
    <fieldset
      data-testid="branch-stepper"
      aria-label="Branches"
      className="flex items-center text-small text-quiet tabular-nums"
    >
      <IconButton
        data-testid="branch-previous"
        icon={ChevronLeft}
        label="Previous branch"
        disabled={previous === null}
        onClick={() => previous !== null && actions.step(previous)}
      />
      <span data-testid="branch-position">{`${position} / ${count}`}</span>
      <IconButton
        data-testid="branch-next"
        icon={ChevronRight}
        label="Next branch"
        disabled={next === null}
        onClick={() => next !== null && actions.step(next)}
      />
    </fieldset>
  );
}
