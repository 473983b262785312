import {
  type ComponentProps,
  cloneElement,
  type ReactElement,
  type ReactNode,
  useState,
} from "react";
import { Optional } from "./optional";
import { type Load, useLoad } from "./use-load";

interface LazyOpenerProps {
  /** Loads the module of the menu or popover. */
  readonly load: Load;
  readonly button: ReactElement<ComponentProps<"button">>;
  /** The menu or popover, a lazy component that gets the button too and is open when it is first rendered. */
  readonly children: ReactNode;
}

/** A button whose menu or popover is loaded once the pointer or the focus reaches the button. */
export function LazyOpener({ load, button, children }: LazyOpenerProps) {
  const [isWanted, setWanted] = useState(false);
  const loadThen = useLoad();
  const preload = () => void load().catch(() => undefined);
  const opener = cloneElement(button, {
    onPointerEnter: preload,
    onFocus: preload,
    onClick: () => loadThen(load, () => setWanted(true)),
  });
  return <Optional fallback={opener}>{isWanted ? children : opener}</Optional>;
}
