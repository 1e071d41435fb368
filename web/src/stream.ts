/**
 * A reader of server-sent events over fetch (EventSource can only GET).
 * Follows the WHATWG "event stream interpretation": CR, LF and CRLF end a line, comments are dropped, several `data`
 * lines join with LF, and a frame without its closing empty line is never delivered.
 */

export interface Frame {
  event: string;
  data: string;
}

export class FrameParser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private first = true;

  /** Takes the next piece of text, however it was cut, and returns the frames that are now complete. */
  push(text: string): Frame[] {
    this.rest += text;
    if (this.first && this.rest.length > 0) {
      this.first = false;
      if (this.rest.startsWith("\uFEFF")) this.rest = this.rest.slice(1);
    }
    const frames: Frame[] = [];
    let start = 0;
    for (;;) {
      const end = lineEnd(this.rest, start);
      if (end === null) break;
      const frame = this.line(this.rest.slice(start, end.at));
      if (frame) frames.push(frame);
      start = end.next;
    }
    this.rest = this.rest.slice(start);
    return frames;
  }

  private line(line: string): Frame | null {
    if (line === "") {
      const frame = this.data.length > 0 ? { event: this.event || "message", data: this.data.join("\n") } : null;
      this.event = "";
      this.data = [];
      return frame;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? "" : line.slice(colon + 1);
    const value = raw.startsWith(" ") ? raw.slice(1) : raw;
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    return null;
  }
}

/** The next line end, or null when it is not there yet; a CR at the very end may still be half of a CRLF. */
function lineEnd(text: string, from: number): { at: number; next: number } | null {
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === "\n") return { at, next: at + 1 };
    if (character !== "\r") continue;
    if (at + 1 === text.length) return null;
    return { at, next: text[at + 1] === "\n" ? at + 2 : at + 1 };
  }
  return null;
}

/** Frames of a response body, batch by batch as the network delivers them. Cancels the body when left early. */
export async function* frames(body: ReadableStream<Uint8Array>): AsyncGenerator<Frame[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new FrameParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const batch = parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }));
      if (batch.length > 0) yield batch;
      if (done) return;
    }
  } finally {
    // Already closed or aborted is as good as cancelled.
    await reader.cancel().catch(() => undefined);
  }
}
