import type { LucideIcon } from "lucide-react";

interface CodeButtonProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly isPressed?: boolean;
  readonly onClick: () => void;
  /** The person has turned to something else. */
  readonly onLeave?: () => void;
}

/** Something that can be done with a block of code. */
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
