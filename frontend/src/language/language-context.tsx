import { createContext, Fragment, type ReactNode, use } from "react";
import { english, type Language, partsOf } from "./language";
import type { Key, Values } from "./translation";

const LanguageContext = createContext<Language>(english);

export function useLanguage(): Language {
  return use(LanguageContext);
}

export const LanguageProvider = LanguageContext.Provider;

interface SayWithProps<K extends Key> {
  readonly text: K;
  readonly values: Readonly<Record<Values<K>, ReactNode>>;
}

/** A text of the page with elements as values. */
export function SayWith<K extends Key>({ text, values }: SayWithProps<K>): ReactNode {
  const phrase = useLanguage().read(text);
  const parts = partsOf(typeof phrase === "string" ? phrase : phrase.other);
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts keep their order
    <Fragment key={index}>{index % 2 === 0 ? part : values[part as Values<K>]}</Fragment>
  ));
}
