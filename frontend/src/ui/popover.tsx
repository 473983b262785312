import * as Radix from "@radix-ui/react-popover";
import { type ReactNode, useState } from "react";
import { usePortalContainer } from "./portal-container";

interface PopoverProps {
  readonly button: ReactNode;
  readonly label: string;
  readonly testId?: string;
  readonly className: string;
  readonly children: (close: () => void) => ReactNode;
}

/** A panel above its button. It is open when it is first rendered. */
export function Popover({ button, label, testId, className, children }: PopoverProps) {
  const [isOpen, setOpen] = useState(true);
  const container = usePortalContainer();
  return (
    <Radix.Root open={isOpen} onOpenChange={setOpen}>
      <Radix.Trigger asChild>{button}</Radix.Trigger>
      <Radix.Portal container={container}>
        <Radix.Content
          side="top"
          align="start"
          sideOffset={8}
          collisionPadding={12}
          aria-label={label}
          data-testid={testId}
          className={`z-40 max-h-(--radix-popover-content-available-height) overflow-y-auto rounded-2xl border border-line bg-surface p-4 shadow-lg ${className}`}
        >
          {children(() => setOpen(false))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
