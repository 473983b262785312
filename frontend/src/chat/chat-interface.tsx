import { ArrowDown, SquarePen } from "lucide-react";
import { useEffect, useState } from "react";
import type { Transport } from "../generation/transport";
import { Button } from "../ui/button";
import { Mark } from "../ui/mark";
import { Announcer } from "./announcer";
import { Composer } from "./composer";
import { EmptyState } from "./empty-state";
import { ModelSelect } from "./model-select";
import { Thread } from "./thread";
import { useModels } from "./use-models";
import { usePinnedScroll } from "./use-pinned-scroll";
import { useReplyStatus } from "./use-reply";
import { useTurns } from "./use-turns";

/** The whole chat: a conversation that grows as its replies are written, and the box to go on with. */
export function ChatInterface({ transport }: { transport: Transport }) {
  const [draft, setDraft] = useState("");
  const [chatNumber, setChatNumber] = useState(1);
  const [chosenId, setChosenId] = useState<string>();
  const models = useModels();
  const chosen =
    models.find((model) => model.id === chosenId) ??
    models.find((model) => model.isDefault) ??
    models[0];
  const { turns, send, retry, stop, clear } = useTurns({
    transport,
    model: chosen?.id,
    onRefused: (question) => setDraft((written) => (written === "" ? question : written)),
  });
  const status = useReplyStatus(turns.at(-1)?.reply);
  const isRunning = status === "waiting" || status === "streaming";
  const { scroller, content, isPinned, pin } = usePinnedScroll();
  useEscape(isRunning, stop);

  const ask = (message: string) => {
    setDraft("");
    pin();
    send(message);
  };
  const startOver = () => {
    clear();
    setChatNumber(chatNumber + 1);
  };
  const askAgain = () => {
    setDraft((written) => (written === turns.at(-1)?.question ? "" : written));
    pin();
    retry();
  };

  return (
    <div className="flex h-full flex-col">
      <Header onNewChat={turns.length > 0 ? startOver : undefined} />
      <main className="relative flex min-h-0 flex-1 flex-col">
        <div
          ref={scroller}
          className={`min-h-0 flex-1 overflow-y-auto overscroll-contain ${isPinned ? "[overflow-anchor:none]" : ""}`}
        >
          <div
            ref={content}
            className="mx-auto flex min-h-full w-full max-w-3xl flex-col px-4 pt-4 pb-8 sm:px-6"
          >
            {turns.length === 0 ? (
              <EmptyState model={chosen} onPick={ask} />
            ) : (
              <Thread turns={turns} onRetry={askAgain} />
            )}
          </div>
        </div>
        <div className="relative mx-auto w-full max-w-3xl px-4 before:pointer-events-none before:absolute before:inset-x-0 before:bottom-full before:h-6 before:bg-linear-to-t before:from-paper before:to-transparent pb-[max(1rem,env(safe-area-inset-bottom))] sm:px-6">
          {!isPinned && turns.length > 0 && <JumpToLatest onJump={pin} />}
          <Composer
            key={chatNumber}
            draft={draft}
            onDraft={setDraft}
            isRunning={isRunning}
            onSend={ask}
            onStop={stop}
          >
            <ModelSelect models={models} chosen={chosen} onChoose={setChosenId} />
          </Composer>
        </div>
      </main>
      <Announcer status={status} />
    </div>
  );
}

function Header({ onNewChat }: { onNewChat: (() => void) | undefined }) {
  return (
    <header className="relative z-10 flex min-h-14 items-center justify-between px-4 after:pointer-events-none after:absolute after:inset-x-0 after:top-full after:h-4 after:bg-linear-to-b after:from-paper after:to-transparent sm:px-6">
      <h1 className="flex items-center gap-2 font-serif text-lead">
        <Mark className="size-6 text-accent" />
        Headwater
      </h1>
      {onNewChat !== undefined && (
        <Button look="quiet" data-testid="new-chat" onClick={onNewChat}>
          <SquarePen className="size-4" aria-hidden="true" />
          New chat
        </Button>
      )}
    </header>
  );
}

function JumpToLatest({ onJump }: { onJump: () => void }) {
  return (
    <div className="absolute inset-x-0 bottom-full mb-3 flex justify-center">
      <Button look="outline" data-testid="jump-to-latest" className="rounded-full" onClick={onJump}>
        <ArrowDown className="size-4" aria-hidden="true" />
        Jump to latest
      </Button>
    </div>
  );
}

/** Escape does what the Stop button does, wherever the focus is. */
function useEscape(isActive: boolean, onEscape: () => void) {
  useEffect(() => {
    if (!isActive) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.isComposing) onEscape();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [isActive, onEscape]);
}
