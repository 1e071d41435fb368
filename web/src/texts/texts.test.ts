import { describe, expect, it } from "vitest";
import { en } from "./en";
import { preferredLanguage } from "./index";
import { zh } from "./zh";

function leaves(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  return Object.entries(value as object).flatMap(([key, child]) => leaves(child, `${path}.${key}`));
}

const places = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "").sort();

describe("the page's wording", () => {
  it("fills in the same values in both languages", () => {
    const english = new Map(leaves(en));
    for (const [path, text] of leaves(zh)) expect(places(english.get(path) ?? ""), path).toEqual(places(text));
  });

  it("holds no telephone number: those come from the server's data only", () => {
    for (const [path, text] of [...leaves(zh), ...leaves(en)]) expect(text, path).not.toMatch(/\d{3}/);
  });

  it("is never empty", () => {
    for (const [path, text] of [...leaves(zh), ...leaves(en)]) expect(text.trim(), path).not.toBe("");
  });
});

it.each([
  [["zh-CN", "en"], "zh"],
  [["zh"], "zh"],
  [["fr-FR", "zh-TW"], "zh"],
  [["en-GB", "zh"], "en"],
  [["fr"], "en"],
  [[], "en"],
] as const)("greets %j in %s", (wishes, language) => {
  expect(preferredLanguage(wishes)).toBe(language);
});
