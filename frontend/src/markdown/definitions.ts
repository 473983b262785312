import { createContext } from "react";
import type { Definitions } from "./syntax";

/** What the reference links of the document around point at. */
export const DefinitionsContext = createContext<Definitions>(new Map());
