import { address } from "../own-server";
import { ask } from "./client";
import { pathOf, ROOT } from "./conversations";
import type { ImportResult } from "./schema";

/** Imports all conversations of an export, or none. */
export function importConversations(archive: Blob): Promise<ImportResult> {
  return ask(`${ROOT}/import`, { method: "POST", body: archive });
}

/** Markdown contains the shown branch, JSON all branches. */
export function exportAddress(id: string, format: "markdown" | "json"): string {
  return address(`${pathOf(id)}/export?format=${format}`);
}

export const EXPORT_ALL_ADDRESS = address(`${ROOT}/export`);
