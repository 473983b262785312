import { type ComponentProps, lazy, useState } from "react";
import { Optional } from "../../ui/optional";
import { useLoad } from "../../ui/use-load";
import { SettingsButton } from "./settings-button";

const load = () => import("./settings-panel");
const SettingsPanel = lazy(load);

/** Leads to the settings of a conversation, which are fetched when somebody first asks for them. */
export function SettingsOpener(settings: ComponentProps<typeof SettingsPanel>) {
  const [isWanted, setWanted] = useState(false);
  const loadThen = useLoad();
  const button = <SettingsButton onClick={() => loadThen(load, () => setWanted(true))} />;
  return (
    <Optional fallback={button}>{isWanted ? <SettingsPanel {...settings} /> : button}</Optional>
  );
}
