import { createContext } from "react";
import type { Definitions } from "../parse/syntax";

interface DocumentContextValue {
  /** The prefix of the ids of its footnotes. */
  readonly id: string;
  /** The targets of its reference links. */
  readonly definitions: Definitions;
  /** Whether definitions and footnotes may still arrive. */
  readonly isOpen: boolean;
}

/** What inline elements need to know about the whole document. */
export const DocumentContext = createContext<DocumentContextValue>({
  id: "",
  definitions: new Map(),
  isOpen: false,
});
