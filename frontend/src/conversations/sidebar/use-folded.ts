import { useState } from "react";

const KEY = "headwater.sidebar";

/** Whether the bar is folded away on a wide screen; the browser remembers it. */
export function useFolded(): readonly [boolean, (isFolded: boolean) => void] {
  const [isFolded, setFolded] = useState(read);
  const fold = (next: boolean) => {
    setFolded(next);
    write(next);
  };
  return [isFolded, fold];
}

/** A browser may be told to keep nothing, and then throws. */
function read(): boolean {
  try {
    return localStorage.getItem(KEY) === "folded";
  } catch {
    return false;
  }
}

function write(isFolded: boolean): void {
  try {
    localStorage.setItem(KEY, isFolded ? "folded" : "shown");
  } catch {
    // It is remembered until the page is left.
  }
}
