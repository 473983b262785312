import type { FailedOutcome, Problem } from "../api/schema";
import type { en } from "./languages/en";

/** A string of the page. */
export type Key = keyof typeof en;

/** What a string says for each plural form that its language has (CLDR's names); `other` is always there. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & {
  readonly other: string;
};

export type Text = string | Plural;

export type Texts = Readonly<Record<Key, Text>>;

/** What the server says, by its codes: of problems, and of replies that failed. */
export type ServerCode = Problem["code"] | FailedOutcome["code"];

/** A language other than English: the default export of its file. */
export interface Translation {
  readonly texts: Texts;
  /** The server speaks English, and its codes are known: `{detail}` stands for its own words. */
  readonly server: Readonly<Record<ServerCode, string>>;
}

/** The names in the braces of a text. */
type Names<T> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** What a string is filled in with; a plural always takes its `count`. */
export type Values<K extends Key> = (typeof en)[K] extends string
  ? Names<(typeof en)[K]>
  : "count" | Names<(typeof en)[K][keyof (typeof en)[K]]>;

/** A string that is not filled in with anything. */
export type PlainKey = { [K in Key]: [Values<K>] extends [never] ? K : never }[Key];
