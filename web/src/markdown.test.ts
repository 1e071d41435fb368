import { describe, expect, it } from "vitest";
import { type Inline, inlines, parse } from "./markdown";

const text = (value: string): Inline => ({ kind: "text", text: value });

describe("blocks", () => {
  it("splits paragraphs at empty lines and keeps line breaks", () => {
    expect(parse("一\n二\n\n\n三")).toEqual([
      { kind: "paragraph", children: [text("一"), { kind: "break" }, text("二")] },
      { kind: "paragraph", children: [text("三")] },
    ]);
  });

  it.each(["1. 喝水\n2. 睡觉", "1、喝水\n2、睡觉", "1) 喝水\n\n2) 睡觉"])("reads the numbered list %j", (source) => {
    expect(parse(source)).toEqual([{ kind: "list", ordered: true, start: 1, items: [[text("喝水")], [text("睡觉")]] }]);
  });

  it("keeps the number a list begins with", () => {
    expect(parse("3. 第三")).toMatchObject([{ start: 3 }]);
  });

  it.each(["- a\n- b", "* a\n* b", "• a\n\n• b"])("reads the list %j", (source) => {
    expect(parse(source)).toEqual([{ kind: "list", ordered: false, start: 1, items: [[text("a")], [text("b")]] }]);
  });

  it("continues an item on an indented line and ends the list at a plain one", () => {
    expect(parse("- a\n  b\nc")).toEqual([
      { kind: "list", ordered: false, start: 1, items: [[text("a"), { kind: "break" }, text("b")]] },
      { kind: "paragraph", children: [text("c")] },
    ]);
  });

  it.each(["1.5 小时就够了", "2026 年", "-5 度", "*", "3.14"])("leaves %j a sentence", (source) => {
    expect(parse(source)).toEqual([{ kind: "paragraph", children: [text(source)] }]);
  });

  it("makes paragraphs of headings and quotes and drops rules", () => {
    expect(parse("## 呼吸 ##\n\n---\n\n> 慢慢来")).toEqual([
      { kind: "paragraph", children: [text("呼吸")] },
      { kind: "paragraph", children: [text("慢慢来")] },
    ]);
  });
});

describe("inlines", () => {
  it("reads bold, emphasis and one inside the other", () => {
    expect(inlines("先**深呼吸**，*再*说")).toEqual([
      text("先"),
      { kind: "strong", children: [text("深呼吸")] },
      text("，"),
      { kind: "emphasis", children: [text("再")] },
      text("说"),
    ]);
    expect(inlines("**a *b* c**")).toEqual([
      { kind: "strong", children: [text("a "), { kind: "emphasis", children: [text("b")] }, text(" c")] },
    ]);
  });

  it.each(["2 * 3 * 4", "** 不 **", "a**", "snake_case_name", "<b>粗</b>", "3*4=12"])("leaves %j as it is", (source) => {
    expect(inlines(source)).toEqual([text(source)]);
  });

  it("keeps a link's words and drops where it leads", () => {
    expect(inlines("看[这里](https://example.org/a)和![图](x.png)")).toEqual([text("看这里和图")]);
  });

  it("stays quick on hostile input", () => {
    const began = performance.now();
    inlines("**a".repeat(3000));
    parse("[".repeat(5000) + "](".repeat(5000));
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
