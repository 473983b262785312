import type { ComponentProps } from "react";
import { IconButton } from "./icon-button";

/** An action of a message, with a style for disabled buttons. */
export function MessageButton({ className = "", ...rest }: ComponentProps<typeof IconButton>) {
  return (
    <IconButton
      className={`disabled:opacity-40 disabled:hover:bg-transparent disabled:hover:text-quiet ${className}`}
      {...rest}
    />
  );
}
