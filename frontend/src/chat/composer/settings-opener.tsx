import { type ComponentProps, lazy, useState } from "react";
import { Optional } from "../../ui/optional";
import { useParts } from "../../ui/use-parts";
import { SettingsButton } from "./settings-button";

const load = () => import("./settings-panel");
const SettingsPanel = lazy(load);

/** Leads to the settings of a conversation, which are fetched when somebody first asks for them. */
export function SettingsOpener(settings: ComponentProps<typeof SettingsPanel>) {
  const [isWanted, setWanted] = useState(false);
  const fetchPart = useParts();
  const button = <SettingsButton onClick={() => fetchPart(load, () => setWanted(true))} />;
  return (
    <Optional fallback={button}>{isWanted ? <SettingsPanel {...settings} /> : button}</Optional>
  );
}
