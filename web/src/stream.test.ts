import { describe, expect, it } from "vitest";
import { FrameParser, frames } from "./stream";

const STREAM =
  'event: screened\ndata: {"route":"converse"}\n\n: ping\n\nevent: spoken\ndata: {"text":"你好，\\n慢慢说"}\n\nevent: ended\ndata: {}\n\n';
const FRAMES = [
  { event: "screened", data: '{"route":"converse"}' },
  { event: "spoken", data: '{"text":"你好，\\n慢慢说"}' },
  { event: "ended", data: "{}" },
];

function body(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

describe("FrameParser", () => {
  it("gives the same frames wherever the text is cut", () => {
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const parser = new FrameParser();
      expect([...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))]).toEqual(FRAMES);
    }
  });

  it.each(["\r\n", "\r", "\n"])("reads lines that end with %j, one character at a time", (end) => {
    const parser = new FrameParser();
    const text = `${STREAM}: end\n`.replaceAll("\n", end);
    expect(Array.from(text).flatMap((character) => parser.push(character))).toEqual(FRAMES);
  });

  it("joins data lines, takes off one leading space and names a nameless event", () => {
    expect(new FrameParser().push("data: a\ndata:  b\ndata\n\n")).toEqual([{ event: "message", data: "a\n b\n" }]);
  });

  it("drops comments, empty frames, unknown fields, the byte order mark and an unfinished frame", () => {
    expect(new FrameParser().push("\uFEFFdata: 1\n\n: x\nid: 7\nevent: lonely\n\n\n\ndata: cut off")).toEqual([
      { event: "message", data: "1" },
    ]);
  });
});

describe("frames", () => {
  it("decodes characters that arrive in halves", async () => {
    const bytes = new TextEncoder().encode(STREAM);
    for (let cut = 1; cut < bytes.length; cut += 3) {
      const found = [];
      for await (const batch of frames(body(bytes.slice(0, cut), bytes.slice(cut)))) found.push(...batch);
      expect(found).toEqual(FRAMES);
    }
  });

  it("cancels the body when the reader leaves", async () => {
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const batch of frames(endless)) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    expect(cancelled).toBe(true);
  });
});
