import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { invalidateAll } from "./cache";
import { followChanges } from "./change-feed";

/** Keeps the query cache up to date with changes of any client. One component of the page uses it. */
export function useChangeFeed(): void {
  const client = useQueryClient();
  useEffect(() => {
    let reader: Promise<(ids: readonly string[]) => void> | undefined;
    return followChanges({
      onReady: () => invalidateAll(client),
      onChange: (ids) => {
        // The module is loaded with the first change.
        reader ??= import("./apply-changes").then(({ changeReader }) => changeReader(client));
        void reader.then(
          (read) => read(ids),
          () => {
            reader = undefined;
            invalidateAll(client);
          },
        );
      },
    });
  }, [client]);
}
