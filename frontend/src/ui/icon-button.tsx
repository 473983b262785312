import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";

interface IconButtonProps extends ComponentProps<"button"> {
  readonly icon: LucideIcon;
  /** What it does: its name for those who do not see the icon, and its tooltip. */
  readonly label: string;
}

/** A button that is only an icon, 36 px in both directions. */
export function IconButton({ icon: Icon, label, className = "", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`grid size-9 shrink-0 place-items-center rounded-lg text-quiet transition-colors hover:bg-line/60 hover:text-ink ${className}`}
      {...rest}
    >
      <Icon className="size-4" aria-hidden="true" />
    </button>
  );
}

/** A button for something that can be done with a message, or cannot now. */
export function MessageButton({ className = "", ...rest }: ComponentProps<typeof IconButton>) {
  return (
    <IconButton
      className={`disabled:opacity-40 disabled:hover:bg-transparent disabled:hover:text-quiet ${className}`}
      {...rest}
    />
  );
}
