/**
 * The little Markdown a reply may carry: paragraphs, line breaks, lists, bold and emphasis. Headings and quotes become
 * paragraphs, links keep only their words, and everything else stays the text it is. The result is data, never HTML.
 */

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "strong"; children: Inline[] }
  | { kind: "emphasis"; children: Inline[] }
  | { kind: "break" };

export type Block =
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "list"; ordered: boolean; start: number; items: Inline[][] };

const BULLET = /^\s{0,6}[-*•+]\s+(.*)$/;
const NUMBER = /^\s{0,6}(\d{1,3})[.)、．]\s*(.*)$/;
const HEADING = /^\s{0,3}#{1,6}\s+(.*?)\s*#*$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const RULE = /^\s{0,3}([-*_])(?:\s*\1){2,}\s*$/;

interface Row {
  ordered: boolean;
  number: number;
  text: string;
}

export function parse(source: string): Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  let list: { ordered: boolean; start: number; items: string[] } | null = null;

  const endParagraph = (): void => {
    if (paragraph.length > 0) blocks.push({ kind: "paragraph", children: inlines(paragraph.join("\n")) });
    paragraph = [];
  };
  const endList = (): void => {
    if (list) blocks.push({ kind: "list", ordered: list.ordered, start: list.start, items: list.items.map(inlines) });
    list = null;
  };

  let afterGap = false;
  for (const raw of source.replace(/\r\n?/g, "\n").split("\n")) {
    const line = unwrap(raw);
    if (line.trim() === "") {
      // A gap ends a paragraph but not a list: models like to put empty lines between items.
      endParagraph();
      afterGap = true;
      continue;
    }
    const row = rowOf(line);
    if (row) {
      endParagraph();
      if (list && list.ordered !== row.ordered) endList();
      list ??= { ordered: row.ordered, start: row.number, items: [] };
      list.items.push(row.text);
    } else if (list && !afterGap && /^\s/.test(line)) {
      const last = list.items.length - 1;
      list.items[last] = `${list.items[last] ?? ""}\n${line.trim()}`;
    } else {
      endList();
      paragraph.push(line.trim());
    }
    afterGap = false;
  }
  endParagraph();
  endList();
  return blocks;
}

function unwrap(line: string): string {
  if (RULE.test(line)) return "";
  const heading = HEADING.exec(line)?.[1];
  if (heading !== undefined) return heading;
  return QUOTE.exec(line)?.[1] ?? line;
}

function rowOf(line: string): Row | null {
  const bullet = BULLET.exec(line)?.[1];
  if (bullet !== undefined) return { ordered: false, number: 1, text: bullet };
  const numbered = NUMBER.exec(line);
  // "1.5 小时" and "3.14" are numbers in a sentence, not the first point of a list.
  if (numbered?.[1] && numbered[2] && !/^\d/.test(numbered[2])) {
    return { ordered: true, number: Number(numbered[1]), text: numbered[2] };
  }
  return null;
}

const LINK = /!?\[([^\]\n]*)\]\([^()\s]*(?:\s+"[^"]*")?\)/g;
const MARK = /\*\*(?=\S)([^\n]*?\S)\*\*(?!\*)|__(?=\S)([^\n]*?\S)__|(?<![*\w])\*(?=[^\s*])([^*\n]*?[^\s*])\*(?!\*)|\n/;

export function inlines(source: string): Inline[] {
  return marks(source.replace(LINK, "$1"));
}

function marks(source: string): Inline[] {
  const found: Inline[] = [];
  let rest = source;
  for (;;) {
    const match = MARK.exec(rest);
    if (!match) break;
    if (match.index > 0) found.push({ kind: "text", text: rest.slice(0, match.index) });
    const strong = match[1] ?? match[2];
    if (strong !== undefined) found.push({ kind: "strong", children: marks(strong) });
    else if (match[3] !== undefined) found.push({ kind: "emphasis", children: marks(match[3]) });
    else found.push({ kind: "break" });
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest) found.push({ kind: "text", text: rest });
  return found;
}
