import { configure, render, screen } from "@testing-library/react";
import { vi } from "vitest";
import { usePathname } from "wouter/use-browser-location";
import { ConversationsProvider } from "../sidebar/conversations-provider";
import { SidebarButtons } from "../sidebar/sidebar-buttons";
import { SidebarLayout } from "../sidebar/sidebar-layout";
import { FakeEventSource } from "./fake-event-source";
import type { FakeServer } from "./fake-server";

// Lazy modules can take long to load on a busy machine.
configure({ asyncUtilTimeout: 10_000 });

/** Stubs what jsdom lacks: a layout with elements 600 px high, and a screen width. */
export function stubScreen({ isWide }: { isWide: boolean }): void {
  vi.stubGlobal("ResizeObserver", FakeResizeObserver);
  vi.stubGlobal("matchMedia", (query: string) => ({
    matches: query.includes("width") ? isWide : true,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(280);
  Element.prototype.scrollTo = () => undefined;
  Element.prototype.scrollIntoView = () => undefined;
}

/** The side bar beside a page that shows its path. */
export function renderSidebar(server: FakeServer, path = "/") {
  vi.stubGlobal("fetch", server.fetch);
  vi.stubGlobal("EventSource", FakeEventSource);
  history.replaceState(null, "", path);
  return render(
    <ConversationsProvider>
      <SidebarLayout>
        <SidebarButtons />
        <CurrentPath />
        <textarea aria-label="Message" />
      </SidebarLayout>
    </ConversationsProvider>,
  );
}

/** The titles in the list. */
export function titles(): (string | null)[] {
  return screen.queryAllByTestId("conversation-item").map((row) => row.textContent);
}

function CurrentPath() {
  const path = usePathname();
  return <output data-testid="path">{path}</output>;
}

class FakeResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}
