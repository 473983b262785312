// Runs before anything is painted, so that a chosen theme (see src/preferences) does not come after a flash.
try {
  const { theme } = JSON.parse(localStorage.getItem("headwater:preferences"));
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Nothing is kept, or nothing that can be read: the colours are the system's.
}
