import { useQuery } from "@tanstack/react-query";
import { readShared } from "../../api/sharing";
import { keys } from "./keys";

export function useShared(token: string) {
  return useQuery({
    queryKey: keys.shared(token),
    queryFn: ({ signal }) => readShared(token, signal),
  });
}
