import type { ComponentProps } from "react";

const LOOKS = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong disabled:bg-sunken disabled:text-quiet",
  quiet: "text-quiet hover:bg-sunken hover:text-ink",
  outline: "border border-line bg-surface text-ink shadow-xs hover:border-line-strong",
  danger: "text-danger hover:bg-danger-soft",
} as const;

interface ButtonProps extends ComponentProps<"button"> {
  readonly look: keyof typeof LOOKS;
}

/** A text button. It is at least 36 px high for touch. */
export function Button({ look, className = "", ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`inline-flex min-h-9 items-center justify-center gap-2 rounded-lg px-3 text-small font-medium whitespace-nowrap transition-colors ${LOOKS[look]} ${className}`}
      {...rest}
    />
  );
}
