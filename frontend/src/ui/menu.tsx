import * as Menu from "@radix-ui/react-dropdown-menu";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { usePortalPlace } from "./portal-place";

interface MenuListProps {
  readonly children: ReactNode;
  /** Called when the menu has closed and the focus is about to go back to its button. */
  readonly onClosed?: (event: Event) => void;
}

/** The list of a menu, beside its button. */
export function MenuList({ children, onClosed }: MenuListProps) {
  const portal = usePortalPlace();
  return (
    <Menu.Portal container={portal}>
      <Menu.Content
        align="end"
        sideOffset={4}
        collisionPadding={8}
        {...(onClosed !== undefined && { onCloseAutoFocus: onClosed })}
        className="z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 overflow-y-auto rounded-xl border border-line bg-surface p-1 shadow-lg transition starting:opacity-0"
      >
        {children}
      </Menu.Content>
    </Menu.Portal>
  );
}

const ITEM =
  "flex min-h-9 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 text-small -outline-offset-2 select-none";
const LOOKS = {
  plain: "text-ink data-highlighted:bg-accent-soft",
  danger: "text-danger data-highlighted:bg-danger-soft",
} as const;

interface MenuItemProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly testId: string;
  readonly onSelect: () => void;
  readonly look?: keyof typeof LOOKS;
}

/** Something to do. */
export function MenuItem({ icon: Icon, label, testId, onSelect, look = "plain" }: MenuItemProps) {
  return (
    <Menu.Item data-testid={testId} onSelect={onSelect} className={`${ITEM} ${LOOKS[look]}`}>
      <Icon className="size-4 shrink-0" aria-hidden="true" />
      {label}
    </Menu.Item>
  );
}

interface MenuDownloadProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly testId: string;
  readonly href: string;
}

/** A file to download. */
export function MenuDownload({ icon: Icon, label, testId, href }: MenuDownloadProps) {
  return (
    <Menu.Item asChild className={`${ITEM} ${LOOKS.plain}`}>
      <a data-testid={testId} href={href} download>
        <Icon className="size-4 shrink-0" aria-hidden="true" />
        {label}
      </a>
    </Menu.Item>
  );
}

/** A line between items of different kinds. */
export function MenuLine() {
  return <Menu.Separator className="mx-2.5 my-1 h-px bg-line" />;
}
