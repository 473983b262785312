import { ChevronLeft, ChevronRight } from "lucide-react";
import { use } from "react";
import type { Fork } from "./entries";
import { MessageButton } from "./message-button";
import { ThreadContext } from "./thread-context";

/** The branches at a message, if there are any; a reply that was gone on with can have more of them. */
export function Forks({ forks }: { forks: readonly Fork[] }) {
  return forks.map((fork, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the forks of an entry keep their order
    <BranchStepper key={index} fork={fork} />
  ));
}

/** Where a conversation has branches: which one is shown, and the ways to its neighbours. */
function BranchStepper({ fork }: { fork: Fork }) {
  const { actions } = use(ThreadContext);
  if (actions === null) return null;
  const { position, count, previous, next } = fork;
  return (
    <fieldset
      data-testid="branch-stepper"
      aria-label="Branches"
      className="-mx-2.5 flex items-center text-small text-quiet tabular-nums"
    >
      <MessageButton
        data-testid="branch-previous"
        icon={ChevronLeft}
        label="Previous branch"
        disabled={previous === null}
        onClick={() => previous !== null && actions.step(previous)}
      />
      <span data-testid="branch-position">{`${position} / ${count}`}</span>
      <MessageButton
        data-testid="branch-next"
        icon={ChevronRight}
        label="Next branch"
        disabled={next === null}
        onClick={() => next !== null && actions.step(next)}
      />
    </fieldset>
  );
}
