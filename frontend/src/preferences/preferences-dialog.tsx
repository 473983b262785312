import { type ReactNode, useId } from "react";
import { isTransportKey, TRANSPORTS } from "../generation/transports/table";
import { useLanguage } from "../language/language-context";
import { LANGUAGES, nameOf } from "../language/languages";
import { Dialog } from "../ui/dialog";
import { prefer } from "./preferences";
import { usePreferences } from "./use-preferences";

interface PreferencesDialogProps {
  readonly onClose: () => void;
  /** Called when it has closed; prevents the event where it sets the focus itself. */
  readonly onClosed: (event: Event) => void;
}

/** What somebody prefers in this browser. What is chosen counts at once. */
export default function PreferencesDialog({ onClose, onClosed }: PreferencesDialogProps) {
  const { say } = useLanguage();
  const { language, theme, transport, isTextEven } = usePreferences();
  return (
    <Dialog title={say("preferences")} testId="preferences" onClose={onClose} onClosed={onClosed}>
      <p className="mb-4 text-small text-quiet">{say("preferencesAbout")}</p>
      <div className="grid gap-px">
        <Choice
          name={say("language")}
          testId="preference-language"
          chosen={language}
          onChoose={(chosen) => prefer({ language: chosen })}
        >
          <option value="">{say("asBrowser")}</option>
          {LANGUAGES.map((code) => (
            <option key={code} value={code} lang={code}>
              {nameOf(code)}
            </option>
          ))}
        </Choice>
        <Choice
          name={say("theme")}
          testId="preference-theme"
          chosen={theme}
          onChoose={(chosen) =>
            prefer({ theme: chosen === "light" || chosen === "dark" ? chosen : null })
          }
        >
          <option value="">{say("asSystem")}</option>
          <option value="light">{say("light")}</option>
          <option value="dark">{say("dark")}</option>
        </Choice>
        <Choice
          name={say("textOfReplies")}
          testId="preference-text"
          chosen={isTextEven ? "even" : null}
          onChoose={(chosen) => prefer({ isTextEven: chosen === "even" })}
        >
          <option value="">{say("asItArrives")}</option>
          <option value="even">{say("evenedOut")}</option>
        </Choice>
        <Choice
          name={say("transport")}
          testId="preference-transport"
          chosen={transport}
          onChoose={(chosen) => {
            if (isTransportKey(chosen)) prefer({ transport: chosen });
          }}
        >
          {Object.entries(TRANSPORTS).map(([key, { name, streams }]) => (
            <option key={key} value={key}>
              {streams ? name : say("notStreamed", { name })}
            </option>
          ))}
        </Choice>
      </div>
    </Dialog>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly testId: string;
  /** Null: what the empty value stands for. */
  readonly chosen: string | null;
  readonly onChoose: (chosen: string | null) => void;
  /** Its options. */
  readonly children: ReactNode;
}

/** One preference. It is the system's own list, which every phone and reader knows. */
function Choice({ name, testId, chosen, onChoose, children }: ChoiceProps) {
  const id = useId();
  return (
    <div className="flex min-h-12 items-center justify-between gap-4 border-t border-line first:border-t-0">
      <label htmlFor={id} className="text-small font-medium">
        {name}
      </label>
      <select
        id={id}
        data-testid={testId}
        value={chosen ?? ""}
        onChange={({ target }) => onChoose(target.value === "" ? null : target.value)}
        className="h-9 min-w-44 rounded-lg border border-line bg-surface px-2 text-small"
      >
        {children}
      </select>
    </div>
  );
}
