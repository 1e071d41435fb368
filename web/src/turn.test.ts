import { describe, expect, it } from "vitest";
import {
  advance,
  canAnswerAgain,
  type Conversation,
  type CounsellorMessage,
  EMPTY,
  lastAsked,
  sentSinceBreak,
  type TurnAction,
} from "./turn";
import type { Line, Piece, TurnEvent } from "./wire";

const LINE: Line = { name: "line", number: "000", hours: "", note: "", url: "", kind: "line", region: "XX", open_now: true };
const PIECE: Piece = {
  id: "exercise-zh-breath",
  kind: "exercise",
  language: "zh",
  title: "呼吸",
  lines: [{ voice: "", text: "坐好" }],
  minutes: 3,
  note: "",
  source: "书",
};
const SCREENED: TurnEvent = { type: "screened", route: "converse", language: "zh" };

const said = (text: string): TurnEvent => ({ type: "spoken", text, by: "model" });
const event = (found: TurnEvent): TurnAction => ({ type: "event", event: found });

function after(...steps: (TurnAction | TurnEvent)[]): Conversation {
  const actions = steps.map((step) => (isEvent(step) ? event(step) : step));
  return actions.reduce(advance, EMPTY);
}

function isEvent(step: TurnAction | TurnEvent): step is TurnEvent {
  return ["screened", "notice", "waiting", "truncated", "reasoning", "spoken", "lines", "offered", "failed", "ended"].includes(step.type);
}

function reply(state: Conversation): CounsellorMessage {
  const last = state.entries.at(-1);
  if (last?.role !== "counsellor") throw new Error("the last entry is no reply");
  return last;
}

const asked: TurnAction = { type: "asked", text: "睡不着" };
const ended: TurnEvent = { type: "ended", reason: "stop" };

describe("a turn", () => {
  it("goes from rest to rest and gathers the reply", () => {
    expect(after(asked).phase).toBe("sending");
    expect(after(asked, SCREENED).phase).toBe("listening");
    expect(after(asked, SCREENED, said("嗯，")).phase).toBe("speaking");
    const state = after(asked, SCREENED, said("嗯，"), said("我在听。"), ended);
    expect(state.phase).toBe("resting");
    expect(reply(state)).toMatchObject({ text: "嗯，我在听。", by: "model", ending: "stop", language: "zh" });
  });

  it("keeps what is told beside the reply apart from it, and drops it with the reply", () => {
    const told: TurnEvent = { type: "notice", kind: "start", text: "我是AI" };
    const rest: TurnEvent = { type: "notice", kind: "break", text: "歇一歇" };
    const state = after(asked, SCREENED, told, rest, said("嗯"), ended);
    expect(reply(state)).toMatchObject({
      text: "嗯",
      notices: [
        { kind: "start", text: "我是AI" },
        { kind: "break", text: "歇一歇" },
      ],
    });
    expect(reply(advance(state, { type: "again" })).notices).toEqual([]);
  });

  it("brings back what was told when a conversation is restored", () => {
    const saved = { role: "counsellor", text: "嗯", by: "model", lines: [] } as const;
    const notices = [{ kind: "again", text: "我是AI" }] as const;
    const state = advance(EMPTY, { type: "restored", messages: [{ ...saved, lines: [], notices: [...notices] }] });
    expect(reply(state).notices).toEqual(notices);
    expect(reply(advance(EMPTY, { type: "restored", messages: [{ ...saved, lines: [] }] })).notices).toEqual([]);
  });

  it("shows the place in the queue until the first word or thought", () => {
    expect(reply(after(asked, SCREENED, { type: "waiting", place: 3 })).place).toBe(3);
    expect(reply(after(asked, SCREENED, { type: "waiting", place: 1 }, said("嗯"))).place).toBeNull();
    expect(reply(after(asked, SCREENED, { type: "waiting", place: 1 }, { type: "reasoning", text: "想" })).place).toBeNull();
  });

  it("keeps what was offered beside the words, also after a reload", () => {
    const offered: TurnEvent = { type: "offered", piece: PIECE };
    expect(reply(after(asked, SCREENED, said("嗯"), offered, ended))).toMatchObject({ text: "嗯", offered: PIECE });
    const saved = { role: "counsellor", text: "嗯", by: "model", lines: [], offered: PIECE } as const;
    expect(reply(after({ type: "restored", messages: [{ ...saved, lines: [] }] })).offered).toEqual(PIECE);
    const old = { role: "counsellor" as const, text: "嗯", by: null, lines: [] };
    expect(reply(after({ type: "restored", messages: [old] })).offered).toBeNull();
  });

  it("keeps reasoning, truncation and crisis lines apart from the words", () => {
    const state = after(
      asked,
      SCREENED,
      { type: "truncated", dropped: 4, shortened: true },
      { type: "reasoning", text: "先" },
      { type: "reasoning", text: "问" },
      said("你还好吗？"),
      { type: "lines", lines: [LINE] },
      ended,
    );
    expect(reply(state)).toMatchObject({ dropped: 4, shortened: true, reasoning: "先问", text: "你还好吗？", lines: [LINE] });
  });

  it("replaces a guarded reply and withdraws the reasoning that led to it", () => {
    const state = after(asked, SCREENED, { type: "reasoning", text: "坏主意" }, said("坏话"), {
      type: "ended",
      reason: "guarded",
      text: "换一句",
    });
    expect(reply(state)).toMatchObject({ text: "换一句", reasoning: "", ending: "guarded" });
    const silent = after(asked, SCREENED, said("坏话"), { type: "ended", reason: "guarded" });
    expect(reply(silent).text).toBe("");
  });

  it("keeps what was said before a failure, and its cause", () => {
    const state = after(asked, SCREENED, said("我"), { type: "failed", code: "model_broken", message: "cut" }, {
      type: "ended",
      reason: "failed",
    });
    expect(reply(state)).toMatchObject({ text: "我", ending: "failed", failure: { code: "model_broken" } });
  });

  it.each(["stopped", "lost"] as const)("ends as %s from every phase, and only once", (ending) => {
    for (const steps of [[asked], [asked, SCREENED], [asked, SCREENED, said("嗯")]]) {
      const state = after(...steps, { type: ending });
      expect(state.phase).toBe("resting");
      expect(reply(state).ending).toBe(ending);
      expect(advance(state, { type: "stopped" })).toBe(state);
    }
  });

  it("hears nothing after its end: late pieces of a stopped stream change nothing", () => {
    const state = after(asked, SCREENED, said("嗯"), { type: "stopped" });
    expect(advance(state, event(said("迟到的话")))).toBe(state);
  });

  it("takes no second message while one is being answered", () => {
    const state = after(asked, SCREENED);
    expect(advance(state, { type: "asked", text: "还有" })).toBe(state);
    expect(advance(state, { type: "again" })).toBe(state);
  });

  it("gives every entry a key of its own", () => {
    const state = after(asked, SCREENED, ended, { type: "again" }, SCREENED, ended, asked, { type: "forgotten" });
    const keys = state.entries.map((entry) => entry.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("answering again", () => {
  it("replaces the last reply only", () => {
    const state = after(asked, SCREENED, said("一"), ended, { type: "again" }, SCREENED, said("二"), ended);
    expect(state.entries).toHaveLength(2);
    expect(reply(state).text).toBe("二");
  });

  it("answers a message that was left without a reply", () => {
    const restored = after({ type: "restored", messages: [{ role: "client", text: "在吗", by: null, lines: [] }] });
    expect(canAnswerAgain(restored)).toBe(true);
    expect(advance(restored, { type: "again" }).entries).toHaveLength(2);
  });

  it("is not offered for words that Anxin itself speaks, unless they broke off", () => {
    const authored: TurnEvent = { type: "spoken", text: "我在这里", by: "anxin" };
    expect(canAnswerAgain(after(asked, SCREENED, authored, ended))).toBe(false);
    expect(canAnswerAgain(after(asked, SCREENED, authored, { type: "lost" }))).toBe(true);
  });

  it("is offered for a reply the guard replaced, but not beside help lines", () => {
    const replaced: TurnEvent = { type: "ended", reason: "guarded", text: "换一句" };
    expect(canAnswerAgain(after(asked, SCREENED, said("坏话"), replaced))).toBe(true);
    expect(canAnswerAgain(after(asked, SCREENED, said("坏话"), { type: "lines", lines: [LINE] }, replaced))).toBe(false);
  });

  it("is not offered in an empty conversation or at work", () => {
    expect(canAnswerAgain(EMPTY)).toBe(false);
    expect(canAnswerAgain(after(asked))).toBe(false);
  });
});

describe("a server that refuses or forgets", () => {
  it("takes a refused message out of the conversation", () => {
    expect(after(asked, { type: "refused" }).entries).toEqual([]);
    expect(after(asked, SCREENED, said("嗯"), ended, asked, { type: "refused" }).entries).toHaveLength(2);
  });

  it("never takes out a message that was answered in part", () => {
    const state = after(asked, SCREENED, said("嗯"), { type: "refused" });
    expect(reply(state)).toMatchObject({ text: "嗯", ending: "lost" });
  });

  it("marks the place from which it knows nothing", () => {
    const state = after(asked, SCREENED, said("嗯"), ended, asked, { type: "forgotten" });
    expect(state.entries.map((entry) => entry.role)).toEqual(["client", "counsellor", "break", "client", "counsellor"]);
    expect(sentSinceBreak(state)).toBe(1);
  });

  it("marks nothing before the first message", () => {
    expect(after(asked, { type: "forgotten" }).entries).toHaveLength(2);
  });
});

it("brings a conversation back as it was", () => {
  const state = after({
    type: "restored",
    messages: [
      { role: "client", text: "I can't sleep", by: null, lines: [] },
      { role: "counsellor", text: "说说看", by: "anxin", lines: [LINE] },
    ],
  });
  expect(state.phase).toBe("resting");
  expect(state.entries.map((entry) => (entry.role === "break" ? null : entry.language))).toEqual(["en", "zh"]);
  expect(reply(state).lines).toEqual([LINE]);
  expect(lastAsked(state)).toBe("I can't sleep");
  expect(advance(state, { type: "cleared" })).toEqual(EMPTY);
});
