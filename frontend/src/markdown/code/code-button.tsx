import type { LucideIcon } from "lucide-react";

interface CodeButtonProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly isPressed?: boolean;
  readonly onClick: () => void;
  /** Called when the button loses the focus or the pointer. */
  readonly onLeave?: () => void;
}

export function CodeButton({ icon: Icon, label, isPressed, onClick, onLeave }: CodeButtonProps) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      aria-pressed={isPressed}
      title={label}
      onClick={onClick}
      onBlur={onLeave}
      onPointerLeave={onLeave}
    >
      <Icon aria-hidden="true" />
    </button>
  );
}
