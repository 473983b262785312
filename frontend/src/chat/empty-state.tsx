import type { Model } from "../generation/models";

const PROMPTS = [
  "Explain how rivers begin, with a short table of three famous springs",
  "Write a Python function that merges overlapping intervals",
  "Plan a weekend of walking near a lake, day by day",
  "Why does ice float? Show the numbers",
] as const;

interface EmptyStateProps {
  readonly model: Model | undefined;
  readonly onPick: (prompt: string) => void;
}

/** What stands on the page before the first question: something to press, and who will answer. */
export function EmptyState({ model, onPick }: EmptyStateProps) {
  return (
    <section data-testid="empty-state" className="m-auto w-full py-8">
      <h2 className="font-serif text-title text-balance">What shall we start with?</h2>
      <p className="mt-2 min-h-6.5 text-quiet">
        {model !== undefined && (
          <>
            <span className="font-medium text-ink">{model.id}</span> will answer, word by word.
          </>
        )}
      </p>
      <ul className="mt-8 grid gap-3 sm:grid-cols-2">
        {PROMPTS.map((prompt) => (
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
