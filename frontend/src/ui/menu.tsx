import * as Radix from "@radix-ui/react-dropdown-menu";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { usePortalContainer } from "./portal-container";

interface MenuProps {
  readonly button: ReactNode;
  readonly children: ReactNode;
  /** Called when the menu has closed, before the focus returns to the button. */
  readonly onClosed?: (event: Event) => void;
}

/** A menu beside its button. It is open when it is first rendered. */
export function Menu({ button, children, onClosed }: MenuProps) {
  const container = usePortalContainer();
  return (
    <Radix.Root modal={false} defaultOpen>
      <Radix.Trigger asChild>{button}</Radix.Trigger>
      <Radix.Portal container={container}>
        <Radix.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          {...(onClosed !== undefined && { onCloseAutoFocus: onClosed })}
          className="z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 overflow-y-auto rounded-xl border border-line bg-surface p-1 shadow-lg transition starting:opacity-0"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const LOOKS = {
  plain: "text-ink data-highlighted:bg-accent-soft",
  danger: "text-danger data-highlighted:bg-danger-soft",
} as const;

interface MenuItemProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly testId: string;
  readonly look?: keyof typeof LOOKS;
  readonly onSelect?: () => void;
  /** A file to download. */
  readonly href?: string;
}

export function MenuItem(props: MenuItemProps) {
  const { icon: Icon, label, testId, look = "plain", onSelect = () => {}, href } = props;
  const content = (
    <>
      <Icon className="size-4 shrink-0" aria-hidden="true" />
      {label}
    </>
  );
  return (
    <Radix.Item
      asChild={href !== undefined}
      data-testid={testId}
      onSelect={onSelect}
      className={`flex min-h-9 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 text-small -outline-offset-2 select-none ${LOOKS[look]}`}
    >
      {href === undefined ? (
        content
      ) : (
        <a href={href} download>
          {content}
        </a>
      )}
    </Radix.Item>
  );
}

export function MenuSeparator() {
  return <Radix.Separator className="mx-2.5 my-1 h-px bg-line" />;
}
