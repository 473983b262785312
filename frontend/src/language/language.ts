import { en } from "./languages/en";
import type { Key, Plural, ServerCode, Text, Texts, Translation, Values } from "./translation";

/** Returns a text of the page with its values; numbers are formatted for the locale. */
export type Say = <K extends Key>(
  key: K,
  ...values: [Values<K>] extends [never] ? [] : [Readonly<Record<Values<K>, string | number>>]
) => string;

export interface Language {
  /** BCP 47 without a region: `de`. */
  readonly code: string;
  /** With the region that the browser prefers, for dates and numbers: `de-AT`. */
  readonly locale: string;
  readonly say: Say;
  /** A text without its values. */
  readonly read: (key: Key) => Text;
  /** The translation of a server's code; null in English, in which the server's `detail` is. */
  readonly sayForServer: (code: string, detail: string) => string | null;
  /** @param digits - after the decimal point; by default up to three */
  readonly number: (value: number, digits?: number) => string;
}

export function makeLanguage(
  code: string,
  texts: Texts,
  server: Partial<Translation["server"]> = {},
  locale = code,
): Language {
  const plurals = new Intl.PluralRules(locale);
  const number = (value: number, digits?: number) => numberFormat(locale, digits).format(value);
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

export const english = makeLanguage("en", en);

/** Splits a text at its braces: texts at even indexes, names of values at odd ones. */
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

// Cached, because creating a format takes longer than using it.
function numberFormat(locale: string, digits?: number): Intl.NumberFormat {
  const key = `${locale} ${digits}`;
  const options =
    digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const known = formats.get(key) ?? new Intl.NumberFormat(locale, options);
  formats.set(key, known);
  return known;
}
