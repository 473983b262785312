import type { ComponentProps } from "react";
import { IconButton } from "../ui/icon-button";

/** A button for something that can be done with a message, or cannot now. */
export function MessageButton({ className = "", ...rest }: ComponentProps<typeof IconButton>) {
  return (
    <IconButton
      className={`disabled:opacity-40 disabled:hover:bg-transparent disabled:hover:text-quiet ${className}`}
      {...rest}
    />
  );
}
