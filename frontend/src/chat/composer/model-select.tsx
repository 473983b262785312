import { ChevronDown } from "lucide-react";
import type { Model } from "../../api/schema";
import { useLanguage } from "../../language/language-context";

interface ModelSelectProps {
  readonly models: readonly Model[];
  readonly chosen: Model | undefined;
  readonly onChoose: (id: string) => void;
}

/** A native select, because it works well on phones and with screen readers. */
export function ModelSelect({ models, chosen, onChoose }: ModelSelectProps) {
  const { say } = useLanguage();
  const providers = [...new Set(models.map((model) => model.provider))];
  return (
    <div className="relative min-w-0 text-quiet hover:text-ink">
      <select
        data-testid="model-select"
        aria-label={say("model")}
        value={chosen?.id ?? ""}
        disabled={models.length === 0}
        onChange={(event) => onChoose(event.target.value)}
        className="h-9 w-full max-w-64 appearance-none truncate rounded-lg bg-transparent pr-7 pl-2 text-small font-medium transition-colors hover:bg-sunken"
      >
        {models.length === 0 && <option value="">{say("lookingForModels")}</option>}
        {providers.map((provider) => (
          <optgroup key={provider} label={provider} className="bg-surface text-ink">
            {models
              .filter((model) => model.provider === provider)
              .map((model) => (
                <option key={model.id} value={model.id}>
                  {model.name}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
      <ChevronDown
        className="pointer-events-none absolute top-2.5 right-2 size-4"
        aria-hidden="true"
      />
    </div>
  );
}
