import i18next, { type TFunction } from "i18next";
import { createContext, useContext, useEffect, useMemo } from "react";
import type { Language } from "../wire";
import { en } from "./en";
import { zh } from "./zh";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "page";
    resources: { page: typeof zh };
    returnNull: false;
  }
}

const texts = i18next.createInstance();
// The resources are in the bundle, so this finishes at once; React escapes what it renders.
void texts.init({
  lng: "zh",
  fallbackLng: false,
  defaultNS: "page",
  resources: { zh: { page: zh }, en: { page: en } },
  interpolation: { escapeValue: false },
  initAsync: false,
});

export interface Texts {
  t: TFunction<"page">;
  language: Language;
}

export const TextsContext = createContext<Texts>({ t: texts.getFixedT("zh", "page"), language: "zh" });

/** The page's wording in one language; keeps the document's own language and title in step. */
export function useLanguage(language: Language): Texts {
  const value = useMemo(() => ({ t: texts.getFixedT(language, "page"), language }), [language]);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = value.t("title");
  }, [language, value]);
  return value;
}

export function useTexts(): Texts {
  return useContext(TextsContext);
}

/** The language of the first of the browser's wishes that we speak. */
export function preferredLanguage(wishes: readonly string[]): Language {
  for (const wish of wishes) {
    if (/^zh\b/i.test(wish)) return "zh";
    if (/^en\b/i.test(wish)) return "en";
  }
  return "en";
}
