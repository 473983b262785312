// Runs before the first paint, so that a chosen theme (see src/preferences) causes no flash.
try {
  const base = new URL(".", document.currentScript.src).pathname.slice(0, -1);
  const { theme } = JSON.parse(localStorage.getItem(`${base}headwater:preferences`));
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Nothing valid is saved: use the theme of the system.
}
