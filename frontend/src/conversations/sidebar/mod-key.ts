export const isMac =
  typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The key that shortcuts are made with, as it is called on this keyboard. */
export const modKey = isMac ? "⌘" : "Ctrl";
