import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

/** Keeps the query cache up to date with changes of any client. One component of the page uses it. */
export function useChangeFeed(): void {
  const client = useQueryClient();
  useEffect(() => {
    // Loaded after the first render. Without it, lists are as fresh as when they were read.
    const stop = import("./feed").then(
      ({ keepFresh }) => keepFresh(client),
      () => () => undefined,
    );
    return () => void stop.then((stop) => stop());
  }, [client]);
}
