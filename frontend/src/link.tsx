import type { ComponentProps, MouseEvent } from "react";
import { navigate } from "wouter/use-browser-location";

interface LinkProps extends ComponentProps<"a"> {
  readonly href: string;
}

/** A link within the page. Clicks with modifier keys are left to the browser. */
export function Link({ href, onClick, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    const { ctrlKey, metaKey, altKey, shiftKey, button } = event;
    if (ctrlKey || metaKey || altKey || shiftKey || button !== 0) return;
    onClick?.(event);
    if (event.defaultPrevented) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a href={href} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
