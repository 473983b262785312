import { type KeyboardEvent, useEffect, useMemo, useRef } from "react";
import { useLanguage } from "../../language/language-context";
import { useOpenConversation } from "../../route";
import { useConversationList } from "../data/use-conversation-list";
import { useSidebar } from "../sidebar/sidebar-state";
import { ConversationRow } from "./conversation-row";
import { type ListRow, listRows, ROW_HEIGHT } from "./list-rows";
import { ListFailed, ListLoading, MoreFailed, NothingListed } from "./list-states";
import { useConversationActions } from "./use-conversation-actions";
import { useRowFocus } from "./use-row-focus";
import { useRowWindow } from "./use-row-window";
import { useScrollAnchor } from "./use-scroll-anchor";
import { useToday } from "./use-today";

/** More is read when the last drawn row is this close to the last known one. */
const READ_AHEAD_ROWS = 40;
const PADDING_END_PX = 16;

interface ConversationListProps {
  readonly archived: boolean;
  /** Called when the last row is removed, and the focus with it. */
  readonly onLastLeft: () => void;
}

/** The conversations, of which only those near the viewport are drawn. */
export function ConversationList({ archived, onLastLeft }: ConversationListProps) {
  const language = useLanguage();
  const list = useConversationList({ archived });
  const { pinned, others } = list;
  const today = useToday();
  const rows = useMemo(
    () => listRows(language, pinned, others, today),
    [language, pinned, others, today],
  );

  if (list.error !== null) {
    return <ListFailed message="cannotLoadConversations" error={list.error} onRetry={list.retry} />;
  }
  if (list.isLoading) return <ListLoading />;
  if (rows.length === 0) return <NothingListed archived={archived} />;
  return (
    <Rows
      key={String(archived)}
      rows={rows}
      list={list}
      label={language.say(archived ? "archivedConversations" : "conversations")}
      onLastLeft={onLastLeft}
    />
  );
}

interface RowsProps {
  readonly rows: readonly ListRow[];
  readonly list: ReturnType<typeof useConversationList>;
  readonly label: string;
  readonly onLastLeft: () => void;
}

function Rows({ rows, list, label, onLastLeft }: RowsProps) {
  const { hasMore, hasFailedToReadMore, readMore } = list;
  const scroller = useRef<HTMLDivElement>(null);
  const open = useOpenConversation();
  const { leave } = useSidebar();
  const focus = useRowFocus(rows, open, scroller);

  const tabStop = rows.findIndex((row) => row.key === focus.tabStop);
  // The row that Tab leads to is always drawn.
  const { drawn, last, edges, reveal } = useRowWindow(rows, scroller, tabStop);
  useScrollAnchor(scroller, rows);

  const wantsMore = hasMore && !hasFailedToReadMore && last >= rows.length - READ_AHEAD_ROWS;
  useEffect(() => {
    if (wantsMore) readMore();
  });

  const openIndex = rows.findIndex((row) => row.key === open);
  const latestIndex = useRef(openIndex);
  latestIndex.current = openIndex;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list scrolls only when another conversation is opened
  useEffect(() => {
    if (latestIndex.current !== -1) reveal(latestIndex.current);
  }, [open]);

  const actions = useConversationActions((id) => {
    if (!focus.leaveRow(id)) onLastLeft();
  });

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    // React events of a row's menu bubble to the list, although the menu is in a portal.
    if (!event.currentTarget.contains(event.target as Node)) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const moved = focus.move(event.key);
    if (moved === null) return;
    event.preventDefault();
    // On the way up, the heading above a row is revealed with it.
    const hasHeading = event.key !== "ArrowDown" && rows[moved - 1]?.kind === "heading";
    reveal(hasHeading ? moved - 1 : moved);
  };

  return (
    <div
      ref={scroller}
      data-testid="conversation-list"
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 [overflow-anchor:none]"
    >
      <ul
        aria-label={label}
        onKeyDown={onKeyDown}
        onFocus={focus.onFocus}
        className="relative"
        style={{ height: (edges.at(-1) ?? 0) + PADDING_END_PX }}
      >
        {drawn.map((index) => {
          const row = rows[index];
          if (row === undefined) return null;
          const style = {
            height: ROW_HEIGHT[row.kind],
            transform: `translateY(${edges[index]}px)`,
          };
          if (row.kind === "heading") {
            return (
              <li key={row.key} className="absolute inset-x-0 top-0 flex items-end" style={style}>
                <h2 className="px-2.5 pb-1 text-small font-medium text-quiet">{row.text}</h2>
              </li>
            );
          }
          const { id, running, pinned } = row.conversation;
          return (
            <li
              key={row.key}
              data-testid="conversation-item"
              data-conversation={id}
              data-running={running}
              data-pinned={pinned}
              aria-current={id === open ? "page" : undefined}
              className="absolute inset-x-0 top-0 py-0.5"
              style={style}
            >
              <ConversationRow
                conversation={row.conversation}
                actions={actions}
                isOpen={id === open}
                isTabStop={id === focus.tabStop}
                onFollow={leave}
              />
            </li>
          );
        })}
      </ul>
      {hasFailedToReadMore && <MoreFailed onRetry={readMore} />}
    </div>
  );
}
