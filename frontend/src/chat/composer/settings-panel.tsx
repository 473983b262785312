import type { FormEvent, ReactNode } from "react";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import type { Opened } from "../../ui/lazy-opener";
import { Popover } from "../../ui/popover";
import type { Settings } from "../state/settings";

export interface SettingsFormProps {
  readonly settings: Settings;
  readonly onChange: (changed: Partial<Settings>) => void;
}

/** The settings of a conversation except its model. */
export default function SettingsPanel({ button, ...props }: SettingsFormProps & Opened) {
  const { say } = useLanguage();
  return (
    <Popover button={button} label={say("settings")} className="w-[min(26rem,calc(100vw-1.5rem))]">
      {(close) => <SettingsForm {...props} onClose={close} />}
    </Popover>
  );
}

const FIELD =
  "w-full rounded-lg border border-line bg-paper px-3 py-2 text-body placeholder:text-quiet";

function SettingsForm(props: SettingsFormProps & { readonly onClose: () => void }) {
  const { settings, onChange, onClose } = props;
  const { say } = useLanguage();
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // React events bubble out of the portal into the form of the composer, which would send its draft.
    event.stopPropagation();
    const fields = new FormData(event.currentTarget);
    onClose();
    onChange({
      system: textOf(fields.get("system")),
      temperature: numberOf(fields.get("temperature")),
      max_tokens: numberOf(fields.get("max_tokens")),
    });
  };
  return (
    <form onSubmit={save} className="grid gap-4">
      <Field name={say("systemPrompt")} about={say("systemPromptAbout")}>
        <textarea
          name="system"
          data-testid="settings-system"
          rows={4}
          defaultValue={settings.system ?? ""}
          placeholder={say("systemPromptExample")}
          className={`${FIELD} field-sizing-content max-h-48 min-h-24 resize-none`}
        />
      </Field>
      <div className="grid grid-cols-2 gap-4">
        <Field name={say("temperature")} about={say("temperatureAbout")}>
          <input
            name="temperature"
            data-testid="settings-temperature"
            type="number"
            inputMode="decimal"
            min={0}
            max={2}
            step="any"
            defaultValue={settings.temperature ?? ""}
            placeholder={say("byDefault")}
            className={FIELD}
          />
        </Field>
        <Field name={say("longestReply")} about={say("inTokens")}>
          <input
            name="max_tokens"
            data-testid="settings-max-tokens"
            type="number"
            inputMode="numeric"
            min={1}
            step={1}
            defaultValue={settings.max_tokens ?? ""}
            placeholder={say("byDefault")}
            className={FIELD}
          />
        </Field>
      </div>
      <div className="flex justify-end gap-2">
        <Button look="quiet" onClick={onClose}>
          {say("cancel")}
        </Button>
        <Button look="primary" type="submit" data-testid="settings-save">
          {say("save")}
        </Button>
      </div>
    </form>
  );
}

function Field({ name, about, children }: { name: string; about: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the children contain the control
    <label className="grid content-start gap-1 text-small">
      <span className="font-medium">{name}</span>
      {children}
      <span className="text-quiet">{about}</span>
    </label>
  );
}

function textOf(value: FormDataEntryValue | null): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}

function numberOf(value: FormDataEntryValue | null): number | null {
  const text = textOf(value);
  return text === null ? null : Number(text);
}
