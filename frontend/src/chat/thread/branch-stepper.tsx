import { ChevronLeft, ChevronRight } from "lucide-react";
import { use, useEffect, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { focus } from "../../ui/focus";
import { MessageButton } from "../../ui/message-button";
import type { Fork } from "../state/entries";
import { ThreadContext } from "../state/thread-context";

/** A stepper for each fork of an entry. A continued reply can have several forks. */
export function Forks({ forks }: { forks: readonly Fork[] }) {
  return forks.map((fork, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the forks of an entry keep their order
    <BranchStepper key={index} fork={fork} />
  ));
}

function BranchStepper({ fork }: { fork: Fork }) {
  const { say } = useLanguage();
  const { actions, arrival } = use(ThreadContext);
  const stepper = useRef<HTMLFieldSetElement>(null);
  const { position, count, previous, next } = fork;

  // The same button of the other branch takes the focus, so that a person can step on with the keyboard.
  useEffect(() => {
    if (arrival.current?.position !== position || arrival.current.count !== count) return;
    const [back, forward] = stepper.current?.querySelectorAll("button") ?? [];
    const [first, second] = arrival.current.isForward ? [forward, back] : [back, forward];
    arrival.current = null;
    focus(first?.disabled ? second : first);
  }, [arrival, position, count]);

  if (actions === null) return null;
  const step = (leaf: string | null, by: 1 | -1) => {
    if (leaf === null) return;
    arrival.current = { position: position + by, count, isForward: by === 1 };
    actions.step(leaf);
  };
  return (
    <fieldset
      ref={stepper}
      data-testid="branch-stepper"
      aria-label={say("branches")}
      className="-mx-2.5 flex items-center text-small text-quiet tabular-nums"
    >
      <MessageButton
        data-testid="branch-previous"
        icon={ChevronLeft}
        text="previousBranch"
        disabled={previous === null}
        onClick={() => step(previous, -1)}
      />
      <span data-testid="branch-position">{say("branchPosition", { position, count })}</span>
      <MessageButton
        data-testid="branch-next"
        icon={ChevronRight}
        text="nextBranch"
        disabled={next === null}
        onClick={() => step(next, 1)}
      />
    </fieldset>
  );
}
