import { useEffect, useState } from "react";
import type { Language } from "./language";
import { chooseLanguage, loadLanguage } from "./languages";

/**
 * The language that is chosen (null: the browser's), as soon as it is there; until then the one before.
 *
 * @param loaded - the language to begin with, if there is one
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
