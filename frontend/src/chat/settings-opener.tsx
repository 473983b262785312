import { type ComponentProps, lazy, useState, useTransition } from "react";
import { Optional } from "../ui/optional";
import { SettingsButton } from "./settings-button";

const SettingsPanel = lazy(() => import("./settings-panel"));

/** Leads to the settings of a conversation, which are fetched when somebody first asks for them. */
export function SettingsOpener(settings: ComponentProps<typeof SettingsPanel>) {
  const [isAskedFor, ask] = useState(false);
  const [isFetching, startTransition] = useTransition();
  // A transition: the button stays, with its focus, until the panel can take its place.
  const button = (
    <SettingsButton
      aria-busy={isFetching || undefined}
      onClick={() => startTransition(() => ask(true))}
    />
  );
  return (
    <Optional fallback={button}>{isAskedFor ? <SettingsPanel {...settings} /> : button}</Optional>
  );
}
