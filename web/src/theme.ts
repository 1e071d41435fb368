import { useCallback, useState } from "react";
import { keep, recall } from "./storage";

export type Theme = "auto" | "light" | "dark";

/** The chosen theme. `src/first.js` applies the stored one before the first paint. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const stored = recall("browser", "theme");
    return stored === "light" || stored === "dark" ? stored : "auto";
  });
  const choose = useCallback((chosen: Theme) => {
    setTheme(chosen);
    keep("browser", "theme", chosen === "auto" ? null : chosen);
    if (chosen === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = chosen;
  }, []);
  return [theme, choose];
}
