import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";

interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  readonly icon: LucideIcon;
  /** What it does: read aloud, and shown when it is pointed at. */
  readonly label: string;
}

/** A small button that is only a picture. It is 32 px wide, and wider where fingers press it. */
export function IconButton({ icon: Icon, label, className = "", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-quiet transition-colors hover:bg-sunken hover:text-ink disabled:cursor-default disabled:opacity-40 disabled:hover:bg-transparent disabled:hover:text-quiet pointer-coarse:size-10 ${className}`}
      {...rest}
    >
      <Icon className="size-4" aria-hidden="true" />
    </button>
  );
}
