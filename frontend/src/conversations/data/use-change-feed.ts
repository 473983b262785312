import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { readAllAgain } from "./cache";
import { followChanges } from "./change-feed";

/**
 * Keeps everything that the page shows of conversations as the server has it, whoever changes it: another
 * tab, a phone, a reply that ends. The side bar uses it; once on a page is enough.
 */
export function useChanges(): void {
  const client = useQueryClient();
  useEffect(() => {
    let reader: Promise<(ids: readonly string[]) => void> | undefined;
    return followChanges({
      onReady: () => readAllAgain(client),
      onChange: (ids) => {
        // What reads exactly that is fetched with the first change.
        reader ??= import("./apply-changes").then(({ changeReader }) => changeReader(client));
        void reader.then(
          (read) => read(ids),
          () => {
            reader = undefined;
            readAllAgain(client);
          },
        );
      },
    });
  }, [client]);
}
