import { reportMissing } from "../missing-modules";
import { english, type Language, makeLanguage } from "./language";
import { en } from "./languages/en";
import type { Translation } from "./translation";

// A language is loaded when it is chosen. English is part of the page.
const FILES = import.meta.glob<Translation>(["./languages/*.ts", "!./languages/en.ts"], {
  import: "default",
});

const FETCHES = new Map(
  Object.entries(FILES).map(([path, fetch]) => [path.replace(/^.*\/|\.ts$/g, ""), fetch]),
);

/** The codes of all languages. */
export const LANGUAGES: readonly string[] = [english.code, ...FETCHES.keys()].sort();

/**
 * The language to show, and the locale for its dates and numbers.
 *
 * @param chosen - the code of a language; null: the browser's
 * @param preferred - like `navigator.languages`
 */
export function chooseLanguage(
  chosen: string | null,
  preferred: readonly string[],
): { readonly code: string; readonly locale: string } {
  const known = preferred.find((locale) => LANGUAGES.includes(codeOf(locale)));
  const isThere = chosen !== null && LANGUAGES.includes(chosen);
  const code = isThere ? chosen : known === undefined ? english.code : codeOf(known);
  return { code, locale: preferred.find((locale) => codeOf(locale) === code) ?? code };
}

/** Loads a language. If that fails, the result is English. */
export async function loadLanguage(chosen: string | null): Promise<Language> {
  const { code, locale } = chooseLanguage(chosen, navigator.languages);
  try {
    const file = await FETCHES.get(code)?.();
    if (file === undefined) return makeLanguage(code, en, {}, locale);
    return makeLanguage(code, file.texts, file.server, locale);
  } catch {
    reportMissing();
    return english;
  }
}

function codeOf(locale: string): string {
  return locale.toLowerCase().split("-")[0] ?? locale;
}
