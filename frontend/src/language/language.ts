import { en } from "./languages/en";
import type { Key, Plural, ServerCode, Text, Texts, Translation, Values } from "./translation";

/** Says a string of the page, filled in with values; numbers are written as the language writes them. */
export type Say = <K extends Key>(
  key: K,
  ...values: [Values<K>] extends [never] ? [] : [Readonly<Record<Values<K>, string | number>>]
) => string;

/** A language of the page. */
export interface Language {
  /** As BCP 47 names it, without a region: `de`. */
  readonly code: string;
  /** The same with the region that the browser prefers, for dates and numbers: `de-AT`. */
  readonly locale: string;
  readonly say: Say;
  /** A text as it stands in the language's file, its braces not filled in. */
  readonly read: (key: Key) => Text;
  /** What the server means by a code, with its own words as `detail`; null in English, which those words are in. */
  readonly sayForServer: (code: string, detail: string) => string | null;
  readonly number: (value: number, options?: Intl.NumberFormatOptions) => string;
}

/** Makes a language of its texts. */
export function makeLanguage(
  code: string,
  texts: Texts,
  server: Partial<Translation["server"]> = {},
  locale = code,
): Language {
  const plurals = new Intl.PluralRules(locale);
  const number = (value: number, options?: Intl.NumberFormatOptions) =>
    numberFormat(locale, options).format(value);
  const say = (key: Key, values: Readonly<Record<string, string | number>> = {}) => {
    const text = texts[key];
    const form = typeof text === "string" ? text : formOf(text, plurals, Number(values.count));
    return fill(form, (name) => {
      const value = values[name];
      return typeof value === "number" ? number(value) : value;
    });
  };
  return {
    code,
    locale,
    say: say as Say,
    read: (key) => texts[key],
    sayForServer: (of, detail) => {
      const text = server[of as ServerCode];
      return text === undefined ? null : fill(text, () => detail);
    },
    number,
  };
}

/** English, which is always there. */
export const english = makeLanguage("en", en);

/** The parts of a text between its braces, and the names in them, in turn: texts at even places. */
export function partsOf(text: string): readonly string[] {
  return text.split(/\{(\w+)\}/);
}

function fill(text: string, filling: (name: string) => string | undefined): string {
  return partsOf(text)
    .map((part, index) => (index % 2 === 0 ? part : (filling(part) ?? `{${part}}`)))
    .join("");
}

function formOf(plural: Plural, rules: Intl.PluralRules, count: number): string {
  return plural[rules.select(count)] ?? plural.other;
}

const formats = new Map<string, Intl.NumberFormat>();

// Making one takes longer than using it, and figures are written twice a second.
function numberFormat(locale: string, options?: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale + JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.NumberFormat(locale, options);
  formats.set(key, known);
  return known;
}
