import { useState } from "react";
import { localStore } from "../../storage";

const KEY = "headwater.sidebar";

/** Whether the bar is folded away on a wide screen; the browser remembers it. */
export function useFolded(): readonly [boolean, (isFolded: boolean) => void] {
  const [isFolded, setFolded] = useState(() => localStore.read(KEY) === "folded");
  const fold = (next: boolean) => {
    setFolded(next);
    localStore.write(KEY, next ? "folded" : "shown");
  };
  return [isFolded, fold];
}
