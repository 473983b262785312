import { useEffect } from "react";
import type { Preferences } from "./preferences";

/** Draws the page in the colours that are chosen (null: the system's). */
export function useTheme(theme: Preferences["theme"]): void {
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (theme === null) delete dataset.theme;
    else dataset.theme = theme;
  }, [theme]);
}
