import { SlidersHorizontal } from "lucide-react";
import type { ComponentProps } from "react";
import { useLanguage } from "../../language/language-context";
import { IconButton } from "../../ui/icon-button";

/** The button that leads to the settings, the same before and after the panel is there. */
export function SettingsButton(button: ComponentProps<"button">) {
  const { say } = useLanguage();
  return (
    <IconButton
      data-testid="settings"
      icon={SlidersHorizontal}
      label={say("settings")}
      {...button}
    />
  );
}
