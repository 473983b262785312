import { SlidersHorizontal } from "lucide-react";
import { lazy } from "react";
import { useLanguage } from "../../language/language-context";
import { IconButton } from "../../ui/icon-button";
import { LazyOpener } from "../../ui/lazy-opener";
import type { Settings } from "../state/settings";

const load = () => import("./settings-panel");
const SettingsPanel = lazy(load);

interface SettingsButtonProps {
  readonly settings: Settings;
  readonly onChange: (changed: Partial<Settings>) => void;
}

/** Opens the settings of a conversation. */
export function SettingsButton(props: SettingsButtonProps) {
  const { say } = useLanguage();
  const button = (
    <IconButton data-testid="settings" icon={SlidersHorizontal} label={say("settings")} />
  );
  return (
    <LazyOpener load={load} button={button}>
      <SettingsPanel {...props} button={button} />
    </LazyOpener>
  );
}
