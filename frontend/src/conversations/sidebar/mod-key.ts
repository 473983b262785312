export const isMac =
  typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The name of the modifier key of shortcuts. */
export const modKey = isMac ? "⌘" : "Ctrl";
