import * as Radix from "@radix-ui/react-dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./icon-button";
import { usePortalContainer } from "./portal-container";
import { isInToast } from "./toasts";

export interface DialogEvents {
  readonly onClose: () => void;
  /** Called when the dialog has closed. Preventing the event keeps Radix from moving the focus. */
  readonly onClosed: (event: Event) => void;
}

interface DialogProps extends DialogEvents {
  readonly title: string;
  readonly testId: string;
  readonly children: ReactNode;
}

/**
 * A modal dialog, open while it is mounted. Its scrim is not the overlay of Radix, which adds a style sheet that the
 * Content-Security-Policy forbids.
 */
export function Dialog({ title, testId, onClose, onClosed, children }: DialogProps) {
  const container = usePortalContainer();
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal container={container}>
        <div className="pointer-events-auto fixed inset-0 z-40 bg-scrim transition-opacity duration-(--calm) starting:opacity-0" />
        <Radix.Content
          data-testid={testId}
          aria-describedby={undefined}
          onInteractOutside={(event) => isInToast(event.target) && event.preventDefault()}
          onCloseAutoFocus={onClosed}
          className="fixed top-1/2 left-1/2 z-40 max-h-[calc(100dvh-2rem)] w-[min(30rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-2xl border border-line bg-surface p-5 shadow-xl transition duration-(--calm) starting:scale-98 starting:opacity-0"
        >
          <div className="-mt-1.5 -mr-2 mb-2 flex items-center justify-between gap-4">
            <Radix.Title className="min-w-0 font-serif text-lead">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton icon={X} text="close" />
            </Radix.Close>
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
