import type { ComponentType } from "react";
import { addPartKind, type Part, type PartKind } from "../../../generation/parts";
import type { End } from "../../../markdown/parse/document";

export interface PartProps<P extends Part = Part> {
  readonly part: P;
  readonly end: End;
}

/** A kind of part: how it is drawn and, unless `generation/` has it already, how its events are read. */
export interface DrawnKind<P extends Part = Part> {
  readonly type: P["type"];
  readonly kind?: PartKind<P>;
  readonly View: ComponentType<PartProps<P>>;
}

const views = new Map<string, ComponentType<PartProps>>();

export function addDrawnKind<P extends Part>({ type, kind, View }: DrawnKind<P>): void {
  if (kind !== undefined) addPartKind(kind);
  views.set(type, View as ComponentType<PartProps>);
}

/** The component for a part; undefined for an unknown kind. */
export function viewOf({ type }: Part): ComponentType<PartProps> | undefined {
  return views.get(type);
}
