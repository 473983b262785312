import type { FailedOutcome, Problem } from "../api/schema";
import type { en } from "./languages/en";

/** The key of a text. */
export type Key = keyof typeof en;

/** A text for each plural form of its language (CLDR's names); `other` is always present. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & {
  readonly other: string;
};

export type Text = string | Plural;

export type Texts = Readonly<Record<Key, Text>>;

/** The codes of the server's problems and of failed replies. */
export type ServerCode = Problem["code"] | FailedOutcome["code"];

/** A language other than English: the default export of its file. */
export interface Translation {
  readonly texts: Texts;
  /** Translations of the server's codes; `{detail}` is its English description. */
  readonly server: Readonly<Record<ServerCode, string>>;
}

/** The names in braces of a text. */
type Names<T> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** The names of a text's values; a plural always has `count`. */
export type Values<K extends Key> = (typeof en)[K] extends string
  ? Names<(typeof en)[K]>
  : "count" | Names<(typeof en)[K][keyof (typeof en)[K]]>;

/** The key of a text without values. */
export type PlainKey = { [K in Key]: [Values<K>] extends [never] ? K : never }[Key];
