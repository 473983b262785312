import {
  lazy,
  type ReactNode,
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useMedia } from "../ui/use-media";
import { type OpenDialog, SidebarContext, type SidebarState } from "./sidebar-state";
import { useChanges } from "./use-changes";
import { useConversationList } from "./use-conversation-list";
import { useFolded } from "./use-folded";
import { useShortcuts } from "./use-shortcuts";

const WIDE = "(min-width: 48rem)";
const loadSidebar = () => import("./sidebar");
const loadDrawer = () => import("./sidebar-drawer");
const Sidebar = lazy(loadSidebar);
const SidebarDrawer = lazy(loadDrawer);
const ShareDialog = lazy(() => import("./share-dialog"));
const ShortcutsDialog = lazy(() => import("./shortcuts-dialog"));

/**
 * The page with the side bar: beside it where there is room, as a drawer over it where there is not. It
 * keeps the conversations as the server has them, and listens for shortcuts.
 */
export function SidebarLayout({ children }: { readonly children: ReactNode }) {
  useChanges();
  // Read while the bar is hidden too: it is there at once when it is shown, and shortcuts lead through it.
  useConversationList({ archived: false });
  const state = useSidebarState();
  useShortcuts(state.sidebar);
  const { sidebar, dialog, closeDialog } = state;
  const { isWide, isShown } = sidebar;
  useEffect(() => {
    // Not needed for the first look at the page, but soon after.
    void (isWide ? loadSidebar() : loadDrawer());
  }, [isWide]);

  return (
    <SidebarContext value={sidebar}>
      <div className="flex h-full">
        {isWide && isShown && (
          <div className="w-72 shrink-0 border-r border-line bg-sunken">
            <Suspense>
              <Sidebar />
            </Suspense>
          </div>
        )}
        <div className="h-full min-w-0 flex-1">{children}</div>
      </div>
      <Suspense>
        {!isWide && <SidebarDrawer />}
        {dialog?.kind === "share" && <ShareDialog id={dialog.id} onClose={closeDialog} />}
        {dialog?.kind === "shortcuts" && <ShortcutsDialog onClose={closeDialog} />}
      </Suspense>
    </SidebarContext>
  );
}

function useSidebarState() {
  const isWide = useMedia(WIDE);
  const [isFolded, fold] = useFolded();
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [searches, setSearches] = useState(0);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const isToggled = useRef(false);
  const isShown = isWide ? !isFolded : isDrawerOpen;

  const show = useCallback(
    (shows: boolean) => (isWide ? fold(!shows) : setDrawerOpen(shows)),
    [isWide, fold],
  );
  const sidebar: SidebarState = useMemo(
    () => ({
      isWide,
      isShown,
      searches,
      isToggled,
      toggle: () => {
        isToggled.current = true;
        show(!isShown);
      },
      leave: () => setDrawerOpen(false),
      search: () => {
        show(true);
        setSearches((before) => before + 1);
      },
      openDialog: (next) => {
        setDrawerOpen(false);
        setDialog(next);
      },
    }),
    [isWide, isShown, searches, show],
  );
  return { sidebar, dialog, closeDialog: useCallback(() => setDialog(null), []) };
}
