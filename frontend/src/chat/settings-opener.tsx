import { type ComponentProps, lazy, Suspense, useState } from "react";
import { SettingsButton } from "./settings-button";

const SettingsPanel = lazy(() => import("./settings-panel"));

/** Leads to the settings of a conversation, which are fetched when somebody first asks for them. */
export function SettingsOpener(settings: ComponentProps<typeof SettingsPanel>) {
  const [isAskedFor, ask] = useState(false);
  if (!isAskedFor) return <SettingsButton onClick={() => ask(true)} />;
  return (
    <Suspense fallback={<SettingsButton aria-busy />}>
      <SettingsPanel {...settings} />
    </Suspense>
  );
}
