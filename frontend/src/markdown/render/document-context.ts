import { createContext } from "react";
import type { Definitions } from "../parse/syntax";

/** What a piece of a document has to know of the whole. */
export interface DocumentContextValue {
  /** What the ids of its footnotes begin with. */
  readonly id: string;
  /** What its reference links point at. */
  readonly definitions: Definitions;
  /** Definitions and footnotes that are not there yet may still come. */
  readonly isOpen: boolean;
}

export const DocumentContext = createContext<DocumentContextValue>({
  id: "",
  definitions: new Map(),
  isOpen: false,
});
