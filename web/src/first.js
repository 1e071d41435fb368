// Runs before the first paint; see themeBeforePaint in vite.config.ts.
try {
  const theme = localStorage.getItem("anxin.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's theme is then the right one.
}
