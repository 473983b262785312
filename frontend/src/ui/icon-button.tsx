import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import { useLanguage } from "../language/language-context";
import type { PlainKey } from "../language/translation";

interface IconButtonProps extends ComponentProps<"button"> {
  readonly icon: LucideIcon;
  /** The key of the accessible name and the tooltip. */
  readonly text: PlainKey;
}

/** A button with an icon instead of text, 36 by 36 px. */
export function IconButton({ icon: Icon, text, className = "", ...rest }: IconButtonProps) {
  const { say } = useLanguage();
  return (
    <button
      type="button"
      aria-label={say(text)}
      title={say(text)}
      className={`grid size-9 shrink-0 place-items-center rounded-lg text-quiet transition-colors hover:bg-line/60 hover:text-ink ${className}`}
      {...rest}
    >
      <Icon className="size-4" aria-hidden="true" />
    </button>
  );
}
