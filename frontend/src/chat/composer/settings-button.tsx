import { SlidersHorizontal } from "lucide-react";
import { useLanguage } from "../../language/language-context";
import { IconButton } from "../../ui/icon-button";
import { lazyOpener } from "../../ui/lazy-opener";
import type { SettingsFormProps } from "./settings-panel";

const SettingsOpener = lazyOpener(() => import("./settings-panel"));

/** Opens the settings of a conversation. */
export function SettingsButton(props: SettingsFormProps) {
  const { say } = useLanguage();
  const button = (
    <IconButton data-testid="settings" icon={SlidersHorizontal} label={say("settings")} />
  );
  return <SettingsOpener {...props} button={button} />;
}
