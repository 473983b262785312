import { type ReactNode, useId } from "react";
import { isTransportKey, TRANSPORTS } from "../generation/transports/table";
import { useLanguage } from "../language/language-context";
import { LANGUAGES } from "../language/languages";
import { nameOf } from "../language/name-of";
import { Dialog, type DialogEvents } from "../ui/dialog";
import { prefer, usePreferences } from "./preferences";

interface PreferencesDialogProps extends DialogEvents {
  /** What stands below the preferences. */
  readonly children: ReactNode;
}

/** The preferences, which apply as soon as they are chosen. */
export function PreferencesDialog({ children, ...events }: PreferencesDialogProps) {
  const { say } = useLanguage();
  const { language, theme, transport, isTextEven } = usePreferences();
  return (
    <Dialog title={say("preferences")} testId="preferences" {...events}>
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
      {children}
    </Dialog>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly testId: string;
  /** Null: the option with the empty value. */
  readonly chosen: string | null;
  readonly onChoose: (chosen: string | null) => void;
  /** The options. */
  readonly children: ReactNode;
}

/** One preference, as a native select, because that works well on phones and with screen readers. */
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
