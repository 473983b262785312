import { createContext, Fragment, type ReactNode, use } from "react";
import { english, type Language, partsOf } from "./language";
import type { Key, Values } from "./translation";

const LanguageContext = createContext<Language>(english);

/** The language that the page is in; English where nothing says otherwise. */
export function useLanguage(): Language {
  return use(LanguageContext);
}

/** What is inside is in this language. */
export const LanguageProvider = LanguageContext.Provider;

interface SayWithProps<K extends Key> {
  readonly text: K;
  /** What is filled in, to be drawn in its place. */
  readonly values: Readonly<Record<Values<K>, ReactNode>>;
}

/** A string of the page with something in it that is more than text. */
export function SayWith<K extends Key>({ text, values }: SayWithProps<K>): ReactNode {
  const phrase = useLanguage().read(text);
  const parts = partsOf(typeof phrase === "string" ? phrase : phrase.other);
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the place of a part in its text is its identity
    <Fragment key={index}>{index % 2 === 0 ? part : values[part as Values<K>]}</Fragment>
  ));
}
