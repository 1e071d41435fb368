import { useCallback, useEffect, useState } from "react";
import * as api from "./api";
import { keepJson, recallJson } from "./storage";
import type { About, Language } from "./wire";

export interface AboutState {
  about: About | null;
  /** False from the first failed call until one succeeds. */
  reachable: boolean;
  retry: () => void;
}

/** How long to wait before asking an unreachable server again, in milliseconds. */
const WAITS = [1500, 3000, 6000, 15000];

/** What the server says of itself. Asked again, ever more slowly, while it cannot be reached; kept for that time. */
export function useAbout(language: Language): AboutState {
  const [about, setAbout] = useState<About | null>(() => recallJson("browser", `about.${language}`, isAbout));
  const [failures, setFailures] = useState(0);
  const [asked, setAsked] = useState(0);

  useEffect(() => {
    const leaving = new AbortController();
    api.about(language, leaving.signal).then(
      (fresh) => {
        keepJson("browser", `about.${language}`, fresh);
        setAbout(fresh);
        setFailures(0);
      },
      () => {
        if (leaving.signal.aborted) return;
        setAbout((before) => recallJson("browser", `about.${language}`, isAbout) ?? before);
        setFailures((count) => count + 1);
      },
    );
    return () => leaving.abort();
  }, [language, asked]);

  useEffect(() => {
    if (failures === 0) return;
    const wait = WAITS[Math.min(failures, WAITS.length) - 1];
    const timer = setTimeout(() => setAsked((count) => count + 1), wait);
    return () => clearTimeout(timer);
  }, [failures]);

  const retry = useCallback(() => setAsked((count) => count + 1), []);
  return { about, reachable: failures === 0, retry };
}

function isAbout(value: unknown): value is About {
  if (typeof value !== "object" || value === null) return false;
  const { model, regions, limits } = value as Partial<About>;
  return typeof model?.name === "string" && Array.isArray(regions) && typeof limits?.message_characters === "number";
}
