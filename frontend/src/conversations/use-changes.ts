import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { applyUnknownChanges, changeReader } from "./apply-changes";
import { followChanges } from "./follow-changes";

/**
 * Keeps everything that the page shows of conversations as the server has it, whoever changes it: another
 * tab, a phone, a reply that ends. The side bar uses it; once on a page is enough.
 */
export function useChanges(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      followChanges({
        onReady: () => applyUnknownChanges(client),
        onChange: changeReader(client),
      }),
    [client],
  );
}
