import { SlidersHorizontal } from "lucide-react";
import { IconButton } from "../../ui/icon-button";
import { lazyOpener } from "../../ui/lazy-opener";
import type { SettingsFormProps } from "./settings-panel";

const SettingsOpener = lazyOpener(() => import("./settings-panel"));

export function SettingsButton(props: SettingsFormProps) {
  const button = <IconButton data-testid="settings" icon={SlidersHorizontal} text="settings" />;
  return <SettingsOpener {...props} button={button} />;
}
