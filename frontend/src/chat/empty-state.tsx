import type { Model } from "../api/models";
import { SayWith, useLanguage } from "../language/language-context";

const PROMPTS = ["prompt1", "prompt2", "prompt3", "prompt4"] as const;

interface EmptyStateProps {
  readonly model: Model | undefined;
  /** Without them, the page's own. */
  readonly prompts: readonly string[] | undefined;
  readonly onPick: (prompt: string) => void;
}

/** What stands on the page before the first question: something to press, and who will answer. */
export function EmptyState({ model, prompts: given, onPick }: EmptyStateProps) {
  const { say } = useLanguage();
  const prompts = given ?? PROMPTS.map((prompt) => say(prompt));
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
        {prompts.map((prompt) => (
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
