import { useCallback, useEffect, useState } from "react";
import * as api from "./api";
import { keepJson, recallJson } from "./storage";
import type { Language, Line } from "./wire";

export interface HelpLines {
  lines: readonly Line[];
  /** live: just fetched; cached: from an earlier visit; none: nothing known; loading: nothing known yet. */
  state: "live" | "cached" | "none" | "loading";
  refresh: () => void;
}

/** The region's lines, fetched early and kept, so that they are there when the server is not. */
export function useHelpLines(region: string | null, language: Language): HelpLines {
  const [asked, setAsked] = useState(0);
  const name = `lines.${region ?? ""}.${language}`;
  const [found, setFound] = useState<{ name: string; lines: readonly Line[]; state: HelpLines["state"] }>(() => ({
    name,
    ...cached(name),
  }));

  useEffect(() => {
    setFound((before) => (before.name === name && before.state === "live" ? before : { name, ...cached(name) }));
    if (region === null) return;
    const leaving = new AbortController();
    api.lines(region, language, leaving.signal).then(
      (lines) => {
        keepJson("browser", name, lines);
        setFound({ name, lines, state: "live" });
      },
      () => {
        if (leaving.signal.aborted) return;
        const before = cached(name);
        setFound({ name, ...before, state: before.state === "loading" ? "none" : before.state });
      },
    );
    return () => leaving.abort();
  }, [region, language, name, asked]);

  const refresh = useCallback(() => setAsked((count) => count + 1), []);
  return { lines: found.lines, state: region === null && found.state === "loading" ? "none" : found.state, refresh };
}

function cached(name: string): { lines: readonly Line[]; state: "cached" | "loading" } {
  const lines = recallJson("browser", name, isLines);
  return lines && lines.length > 0 ? { lines, state: "cached" } : { lines: [], state: "loading" };
}

function isLines(value: unknown): value is Line[] {
  return (
    Array.isArray(value) &&
    value.every((line: unknown) => {
      if (typeof line !== "object" || line === null) return false;
      return ["name", "number", "hours", "note", "url"].every(
        (key) => typeof (line as Record<string, unknown>)[key] === "string",
      );
    })
  );
}
