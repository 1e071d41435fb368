import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Session } from "./session";

/** Answers in the order given; every request is kept for the test to look at. */
class Server {
  readonly calls: string[] = [];
  readonly bodies: unknown[] = [];
  readonly signals: (AbortSignal | null)[] = [];
  private readonly answers: (() => Response)[] = [];

  will(...answers: (() => Response)[]): void {
    this.answers.push(...answers);
  }

  readonly fetch = (url: string, init: RequestInit): Promise<Response> => {
    this.calls.push(`${init.method ?? "GET"} ${url}`);
    this.signals.push(init.signal ?? null);
    this.bodies.push(typeof init.body === "string" ? JSON.parse(init.body) : null);
    const answer = this.answers.shift();
    return answer ? Promise.resolve().then(answer) : Promise.reject(new TypeError("nobody answers"));
  };
}

const ok = (value: unknown) => () => Response.json(value);
const no = (status: number, code = "", headers: Record<string, string> = {}) => () =>
  Response.json({ error: { code, message: "" } }, { status, headers });
const down = (): Response => {
  throw new TypeError("connection refused");
};
const stream =
  (...events: [string, object][]) =>
  () =>
    new Response(events.map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`).join(""));
const SCREENED: [string, object] = ["screened", { route: "converse", language: "zh" }];
const ENDED: [string, object] = ["ended", { reason: "stop" }];
const answer = (text: string) => stream(SCREENED, ["spoken", { text, by: "model" }], ENDED);

class Memory {
  private readonly kept = new Map<string, string>();
  getItem = (name: string): string | null => this.kept.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.kept.set(name, value);
  removeItem = (name: string): void => void this.kept.delete(name);
}

let server: Server;

beforeEach(() => {
  server = new Server();
  vi.stubGlobal("fetch", server.fetch);
  vi.stubGlobal("window", { sessionStorage: new Memory(), localStorage: new Memory() });
});
afterEach(() => vi.unstubAllGlobals());

const begin = (humour = true): Session => new Session(() => "CN", () => humour);
const texts = (session: Session): string[] =>
  session.snapshot().conversation.entries.map((entry) => (entry.role === "break" ? "---" : entry.text));

async function say(session: Session, text: string): Promise<void> {
  session.write(text);
  await session.send();
}

describe("Session", () => {
  it.each([true, false])("sends the setting for a lighter moment: %s", async (humour) => {
    const session = begin(humour);
    server.will(ok({ id: "c1" }), answer("我在听"));
    await say(session, "今天挺好");
    expect(server.bodies.at(-1)).toMatchObject({ humour });
  });

  it("makes the conversation with the first message and keeps it for the next", async () => {
    const session = begin();
    server.will(ok({ id: "c1" }), answer("我在听"), answer("嗯"));
    await say(session, " 睡不着 ");
    await say(session, "很久了");
    expect(texts(session)).toEqual(["睡不着", "我在听", "很久了", "嗯"]);
    expect(server.calls).toEqual([
      "POST /api/conversations",
      "POST /api/conversations/c1/turns",
      "POST /api/conversations/c1/turns",
    ]);
    expect(server.bodies[1]).toEqual({ text: "睡不着", language: null, region: "CN", humour: true });
    expect(session.snapshot()).toMatchObject({ draft: "", notice: null });
  });

  it("gives an unsent message back when nobody answers, and sends it on reconnecting", async () => {
    const session = begin();
    await say(session, "在吗");
    expect(session.snapshot()).toMatchObject({ draft: "在吗", notice: { kind: "lost" } });
    expect(texts(session)).toEqual([]);
    server.will(ok({ id: "c1" }), answer("在"));
    await session.reconnect();
    expect(texts(session)).toEqual(["在吗", "在"]);
  });

  it("does not say twice what arrived although the connection broke", async () => {
    const session = begin();
    server.will(ok({ id: "c1" }), down);
    await say(session, "在吗");
    server.will(ok({ id: "c1", messages: [{ role: "client", text: "在吗", by: null, lines: [] }] }), answer("在"));
    await session.reconnect();
    expect(server.calls.slice(-2)).toEqual(["GET /api/conversations/c1", "POST /api/conversations/c1/retry"]);
    expect(texts(session)).toEqual(["在吗", "在"]);
  });

  it("keeps half a reply when the stream dies, and asks for it again", async () => {
    const session = begin();
    server.will(ok({ id: "c1" }), stream(SCREENED, ["spoken", { text: "我觉", by: "model" }]), answer("我觉得可以"));
    await say(session, "行吗");
    expect(session.snapshot().conversation.entries.at(-1)).toMatchObject({ text: "我觉", ending: "lost" });
    await session.again();
    expect(server.calls.at(-1)).toBe("POST /api/conversations/c1/retry");
    expect(texts(session)).toEqual(["行吗", "我觉得可以"]);
  });

  it("goes on in a new conversation when the server forgot the old one", async () => {
    const session = begin();
    server.will(ok({ id: "c1" }), answer("嗯"), no(404), ok({ id: "c2" }), answer("你好"));
    await say(session, "一");
    await say(session, "二");
    expect(texts(session)).toEqual(["一", "嗯", "---", "二", "你好"]);
    expect(server.calls.at(-1)).toBe("POST /api/conversations/c2/turns");
  });

  it.each([
    [no(413, "message_too_long"), { kind: "tooLong" }],
    [no(413, "conversation_too_long"), { kind: "full" }],
    [no(422), { kind: "unreadable" }],
    [no(429, "", { "Retry-After": "7" }), { kind: "tooMany", seconds: 7 }],
    [no(503), { kind: "lost" }],
  ])("gives a refused message back with the reason %#", async (refusal, notice) => {
    const session = begin();
    server.will(ok({ id: "c1" }), refusal);
    session.write("很长的话");
    const sending = session.send();
    session.write("后来写的");
    await sending;
    expect(session.snapshot()).toMatchObject({ notice, draft: "很长的话\n后来写的" });
  });

  it("waits a little while the turn before is still closing", async () => {
    vi.useFakeTimers();
    const session = begin();
    server.will(ok({ id: "c1" }), no(409), no(409), answer("好"));
    const sending = say(session, "在吗");
    await vi.runAllTimersAsync();
    await sending;
    vi.useRealTimers();
    expect(texts(session)).toEqual(["在吗", "好"]);
  });

  it("restores the conversation of its tab, and says so when it is gone", async () => {
    const first = begin();
    server.will(ok({ id: "c1" }), answer("嗯"));
    await say(first, "一");
    const second = begin();
    expect(second.snapshot().restoring).toBe(true);
    server.will(ok({ id: "c1", messages: [{ role: "client", text: "一", by: null, lines: [] }] }));
    await second.restore();
    expect(texts(second)).toEqual(["一"]);
    const third = begin();
    server.will(no(404));
    await third.restore();
    expect(third.snapshot()).toMatchObject({ restoring: false, notice: { kind: "forgotten" } });
    expect(begin().snapshot().restoring).toBe(false);
  });

  it("keeps draft and unsent text over a reload", async () => {
    const first = begin();
    first.write("一");
    const sending = first.send();
    first.write("二");
    expect(begin().snapshot().draft).toBe("一\n二");
    await sending;
  });

  it("leaves a conversation for a new one and comes back to it", async () => {
    const session = begin();
    server.will(ok({ id: "c1" }), answer("嗯"));
    await say(session, "一");
    session.startNew();
    expect(session.snapshot()).toMatchObject({ notice: { kind: "fresh", back: "c1" } });
    expect(texts(session)).toEqual([]);
    server.will(ok({ id: "c1", messages: [{ role: "client", text: "一", by: null, lines: [] }] }));
    await session.goBack("c1");
    expect(texts(session)).toEqual(["一"]);
  });

  it("deletes on the server before it clears the page", async () => {
    const session = begin();
    server.will(ok({ id: "c1" }), answer("嗯"), no(503));
    await say(session, "一");
    await session.remove();
    expect(session.snapshot().notice).toEqual({ kind: "notDeleted" });
    expect(texts(session)).toEqual(["一", "嗯"]);
    server.will(() => new Response(null, { status: 204 }));
    await session.remove();
    expect(session.snapshot().notice).toEqual({ kind: "deleted" });
    expect(texts(session)).toEqual([]);
  });

  it("hangs up at once when stopped", async () => {
    const session = begin();
    const first = new TextEncoder().encode(
      'event: screened\ndata: {"language":"zh"}\n\nevent: spoken\ndata: {"text":"嗯","by":"model"}\n\n',
    );
    const endless = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(first) });
    server.will(ok({ id: "c1" }), () => new Response(endless));
    const speaking = new Promise<void>((resolve) => {
      session.subscribe(() => {
        if (session.snapshot().conversation.phase === "speaking") resolve();
      });
    });
    session.write("一");
    void session.send();
    await speaking;
    expect(server.signals.at(-1)?.aborted).toBe(false);
    session.stop();
    expect(server.signals.at(-1)?.aborted).toBe(true);
    expect(session.snapshot().conversation.entries.at(-1)).toMatchObject({ text: "嗯", ending: "stopped" });
  });
});
