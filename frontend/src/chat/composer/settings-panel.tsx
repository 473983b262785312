import * as Popover from "@radix-ui/react-popover";
import { type FormEvent, type ReactNode, useState } from "react";
import { useLanguage } from "../../language/language-context";
import { Button } from "../../ui/button";
import { usePortalContainer } from "../../ui/portal-container";
import type { Settings } from "../state/settings";
import { SettingsButton } from "./settings-button";

interface SettingsPanelProps {
  readonly settings: Settings;
  readonly onChange: (changed: Partial<Settings>) => void;
}

/** How the replies of this conversation are made, apart from the model. It begins open. */
export default function SettingsPanel({ settings, onChange }: SettingsPanelProps) {
  const { say } = useLanguage();
  const [isOpen, setOpen] = useState(true);
  const portal = usePortalContainer();
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <SettingsButton />
      </Popover.Trigger>
      <Popover.Portal container={portal}>
        <Popover.Content
          side="top"
          align="start"
          sideOffset={12}
          collisionPadding={12}
          aria-label={say("settings")}
          className="z-40 max-h-(--radix-popover-content-available-height) w-[min(26rem,calc(100vw-1.5rem))] overflow-y-auto rounded-2xl border border-line bg-surface p-4 shadow-lg"
        >
          <SettingsForm
            settings={settings}
            onSave={(changed) => {
              setOpen(false);
              onChange(changed);
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

const FIELD =
  "w-full rounded-lg border border-line bg-paper px-3 py-2 text-body placeholder:text-quiet";

interface SettingsFormProps {
  readonly settings: Settings;
  readonly onSave: (changed: Partial<Settings>) => void;
}

function SettingsForm({ settings, onSave }: SettingsFormProps) {
  const { say } = useLanguage();
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // To React the panel is inside the form of the box for messages, which would send what is in it.
    event.stopPropagation();
    const written = new FormData(event.currentTarget);
    onSave({
      system: textOf(written.get("system")),
      temperature: numberOf(written.get("temperature")),
      max_tokens: numberOf(written.get("max_tokens")),
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
        <Popover.Close asChild>
          <Button look="quiet">{say("cancel")}</Button>
        </Popover.Close>
        <Button look="primary" type="submit" data-testid="settings-save">
          {say("save")}
        </Button>
      </div>
    </form>
  );
}

function Field({ name, about, children }: { name: string; about: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the field is among its children
    <label className="grid content-start gap-1 text-small">
      <span className="font-medium">{name}</span>
      {children}
      <span className="text-quiet">{about}</span>
    </label>
  );
}

function textOf(written: FormDataEntryValue | null): string | null {
  return typeof written === "string" && written.trim() !== "" ? written : null;
}

function numberOf(written: FormDataEntryValue | null): number | null {
  return typeof written === "string" && written.trim() !== "" ? Number(written) : null;
}
