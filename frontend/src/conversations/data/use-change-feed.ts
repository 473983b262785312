import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { changeReader } from "./apply-changes";
import { invalidateAll } from "./cache";
import { followChanges } from "./change-feed";

/** Keeps the query cache up to date with changes of any client. One component of the page uses it. */
export function useChangeFeed(): void {
  const client = useQueryClient();
  useEffect(() => {
    const onChange = changeReader(client);
    return followChanges({ onReady: () => invalidateAll(client), onChange });
  }, [client]);
}
