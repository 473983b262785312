import * as Radix from "@radix-ui/react-dialog";
import type { ReactNode } from "react";
import { usePortalPlace } from "./portal-place";
import { isInToast } from "./toasts";

interface DrawerProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Called when it has opened; prevents the event where it sets the focus itself. */
  readonly onOpened: (event: Event) => void;
  readonly onClosed: (event: Event) => void;
  readonly children: ReactNode;
}

/** A part of the page that comes in from the left, over the rest, on a screen too narrow for both. */
export function Drawer({ title, isOpen, onClose, onOpened, onClosed, children }: DrawerProps) {
  const portal = usePortalPlace();
  return (
    <Radix.Root open={isOpen} onOpenChange={(opens) => !opens && onClose()}>
      <Radix.Portal container={portal}>
        <div className="pointer-events-auto fixed inset-0 z-30 bg-scrim transition-opacity duration-(--calm) starting:opacity-0" />
        <Radix.Content
          aria-describedby={undefined}
          onInteractOutside={(event) => isInToast(event.target) && event.preventDefault()}
          onEscapeKeyDown={(event) => isField(event.target) && event.preventDefault()}
          onOpenAutoFocus={onOpened}
          onCloseAutoFocus={onClosed}
          data-drawer
          className="fixed inset-y-0 left-0 z-30 w-[min(20rem,calc(100vw-3rem))] bg-sunken shadow-xl outline-none transition-transform duration-(--calm) starting:-translate-x-full"
        >
          <Radix.Title className="sr-only">{title}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A field has a use of its own for Escape; Radix hears the key before the field does. */
function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement;
}
