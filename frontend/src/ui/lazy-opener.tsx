import {
  type ComponentProps,
  type ComponentType,
  cloneElement,
  lazy,
  type ReactElement,
  useState,
} from "react";
import { type Load, loadThen } from "./load-then";
import { Optional } from "./optional-boundary";

/** What a menu or popover gets besides its own properties: the button that opens it. */
export interface Opened {
  readonly button: ReactElement<ComponentProps<"button">>;
}

/**
 * A button whose menu or popover is loaded once the pointer or the focus reaches the button.
 *
 * @param load - loads the module of the menu or popover, which is open when it is first rendered
 */
export function lazyOpener<P extends Opened>(load: Load<ComponentType<P>>) {
  const Content = lazy<ComponentType<P>>(load) as ComponentType<P>;
  return function Opener(props: P) {
    const [isWanted, setWanted] = useState(false);
    const preload = () => void load().catch(() => undefined);
    const opener = cloneElement(props.button, {
      onPointerEnter: preload,
      onFocus: preload,
      onClick: () => loadThen(load, () => setWanted(true)),
    });
    return <Optional fallback={opener}>{isWanted ? <Content {...props} /> : opener}</Optional>;
  };
}
