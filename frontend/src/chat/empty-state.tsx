import type { Model } from "../api/schema";
import { SayWith, useLanguage } from "../language/language-context";

const PROMPTS = ["prompt1", "prompt2", "prompt3", "prompt4"] as const;

interface EmptyStateProps {
  readonly model: Model | undefined;
  /** Default: the page's own. */
  readonly prompts: readonly string[] | undefined;
  readonly onPick: (prompt: string) => void;
}

/** A new chat before its first message. */
export function EmptyState({ model, prompts, onPick }: EmptyStateProps) {
  const { say } = useLanguage();
  const shown = prompts ?? PROMPTS.map((prompt) => say(prompt));
  return (
    <section data-testid="empty-state" className="m-auto w-full py-8">
      <h2 className="font-serif text-title text-balance">{say("whatFirst")}</h2>
      <p className="mt-2 min-h-6.5 text-quiet">
        {model !== undefined && (
          <SayWith
            text="willAnswer"
            values={{ model: <span className="font-medium text-ink">{model.id}</span> }}
          />
        )}
      </p>
      <ul className="mt-8 grid gap-3 sm:grid-cols-2">
        {shown.map((prompt) => (
          <li key={prompt}>
            <button
              type="button"
              onClick={() => onPick(prompt)}
              className="h-full w-full rounded-xl border border-line bg-surface px-4 py-3 text-left text-small text-pretty shadow-xs transition-colors hover:border-accent"
            >
              {prompt}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
