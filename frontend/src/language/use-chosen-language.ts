import { useEffect, useState } from "react";
import type { Language } from "./language";
import { chooseLanguage, loadLanguage } from "./languages";

/**
 * The chosen language (null: the browser's). Until it has loaded, the previous one.
 *
 * @param loaded - the initial language
 */
export function useChosenLanguage<Loaded extends Language | null>(
  loaded: Loaded,
  chosen: string | null,
): Loaded | Language {
  const [language, setLanguage] = useState<Loaded | Language>(loaded);
  const isWanted = chooseLanguage(chosen, navigator.languages).code === language?.code;
  useEffect(() => {
    if (isWanted) return;
    let isOver = false;
    void loadLanguage(chosen).then((next) => {
      if (!isOver) setLanguage(next);
    });
    return () => {
      isOver = true;
    };
  }, [isWanted, chosen]);
  return language;
}
