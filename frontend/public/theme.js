// Runs before the first paint, so that a chosen theme (see src/preferences) causes no flash.
try {
  const { theme } = JSON.parse(localStorage.getItem("headwater:preferences"));
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Nothing valid is saved: use the theme of the system.
}
