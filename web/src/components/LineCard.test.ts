import { describe, expect, it } from "vitest";
import type { Line } from "../wire";
import { dialable, textOnly } from "./LineCard";

describe("dialable", () => {
  it.each([
    ["555 0100", "5550100"],
    ["+1 (555) 010-0199", "+15550100199"],
    ["555-0100转2", "5550100,2"],
  ])("dials %j as %j", (number, dialled) => expect(dialable(number)).toBe(dialled));

  it.each(["text HOME", "", "12", "javascript:alert(1)"])("makes no call of %j", (number) => expect(dialable(number)).toBeNull());
});

it("knows the lines that take messages only", () => {
  expect([{ ways: ["text"] }, { ways: ["text", "web"] }].map((line) => textOnly(line as Pick<Line, "ways">))).toEqual([true, true]);
  expect([{ ways: ["call", "text"] }, { ways: ["web"] }, {}].map((line) => textOnly(line as Pick<Line, "ways">))).toEqual([false, false, false]);
});
