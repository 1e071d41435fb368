/**
 * The conversation on the page as a pure state machine: (state, action) -> state. No clock, no network, no storage.
 *
 *     resting --asked/again--> sending --screened--> listening --spoken--> speaking --ended--> resting
 *                                 '----------- stopped, lost, refused: from anywhere ---------'
 */

import type { EndReason, Language, Line, Piece, Reminder, SavedMessage, TurnEvent } from "./wire";

export type Phase = "resting" | "sending" | "listening" | "speaking";

/** How a reply came to its end. `stopped` by the person, `lost` with the connection; null while it still comes. */
export type Ending = EndReason | "stopped" | "lost" | null;

export interface ClientMessage {
  key: number;
  role: "client";
  text: string;
  language: Language;
}

export interface CounsellorMessage {
  key: number;
  role: "counsellor";
  text: string;
  language: Language;
  by: "model" | "anxin" | null;
  /** Quiet lines shown before the reply. */
  notices: readonly Reminder[];
  lines: readonly Line[];
  offered: Piece | null;
  reasoning: string;
  /** Messages of the middle that the model did not see. */
  dropped: number;
  /** The person's newest message was itself too long for the model to see whole. */
  shortened: boolean;
  /** Place in the queue, 1 is next; null when not waiting. */
  place: number | null;
  ending: Ending;
  failure: { code: string; message: string } | null;
}

/** A break in the conversation: the server forgot what stands above it. */
export interface Break {
  key: number;
  role: "break";
}

export type Entry = ClientMessage | CounsellorMessage | Break;

export interface Conversation {
  phase: Phase;
  entries: readonly Entry[];
  next: number;
}

export type TurnAction =
  | { type: "asked"; text: string }
  | { type: "again" }
  | { type: "event"; event: TurnEvent }
  | { type: "stopped" }
  | { type: "lost" }
  | { type: "refused" }
  | { type: "forgotten" }
  | { type: "restored"; messages: readonly SavedMessage[] }
  | { type: "cleared" };

export const EMPTY: Conversation = { phase: "resting", entries: [], next: 0 };

/** The language a text is mostly written in, for the `lang` of what the page itself cannot ask the server about. */
export function languageOf(text: string): Language {
  return /\p{Script=Han}/u.test(text) ? "zh" : "en";
}

export function advance(state: Conversation, action: TurnAction): Conversation {
  switch (action.type) {
    case "asked":
      return state.phase === "resting" ? ask(state, action.text) : state;
    case "again":
      return state.phase === "resting" ? again(state) : state;
    case "event":
      return state.phase === "resting" ? state : hear(state, action.event);
    case "stopped":
      return close(state, "stopped");
    case "lost":
      return close(state, "lost");
    case "refused":
      return refuse(state);
    case "forgotten":
      return forget(state);
    case "restored":
      return restore(action.messages);
    case "cleared":
      return EMPTY;
  }
}

/** The reply that a retry would replace: the last entry, at rest. A message left without any reply counts too. */
export function canAnswerAgain(state: Conversation): boolean {
  const last = state.entries.at(-1);
  if (state.phase !== "resting" || !last || last.role === "break") return false;
  // What Anxin itself says in a crisis is authored; asking for another version would only bring the same words.
  if (last.role === "client" || last.ending === "failed" || last.ending === "lost" || last.ending === "stopped") return true;
  return last.by !== "anxin" && last.lines.length === 0;
}

/** How many messages the person has sent since the server last forgot, to compare with what the server holds. */
export function sentSinceBreak(state: Conversation): number {
  let sent = 0;
  for (const entry of state.entries) {
    if (entry.role === "break") sent = 0;
    else if (entry.role === "client") sent += 1;
  }
  return sent;
}

/** The last thing the person wrote, or an empty string. */
export function lastAsked(state: Conversation): string {
  const last = state.entries.findLast((entry) => entry.role === "client");
  return last?.role === "client" ? last.text : "";
}

function silence(key: number, language: Language): CounsellorMessage {
  return {
    key,
    role: "counsellor",
    text: "",
    language,
    by: null,
    notices: [],
    lines: [],
    offered: null,
    reasoning: "",
    dropped: 0,
    shortened: false,
    place: null,
    ending: null,
    failure: null,
  };
}

function ask(state: Conversation, text: string): Conversation {
  const language = languageOf(text);
  const asked: ClientMessage = { key: state.next, role: "client", text, language };
  return {
    phase: "sending",
    entries: [...state.entries, asked, silence(state.next + 1, language)],
    next: state.next + 2,
  };
}

function again(state: Conversation): Conversation {
  if (!canAnswerAgain(state)) return state;
  const last = state.entries.at(-1);
  const kept = last?.role === "counsellor" ? state.entries.slice(0, -1) : state.entries;
  const language = languageOf(lastAsked(state));
  return { phase: "sending", entries: [...kept, silence(state.next, language)], next: state.next + 1 };
}

function hear(state: Conversation, event: TurnEvent): Conversation {
  switch (event.type) {
    case "screened":
      return { ...withReply(state, { language: event.language }), phase: "listening" };
    case "notice":
      return withReply(state, (reply) => ({ notices: [...reply.notices, { kind: event.kind, text: event.text }] }));
    case "waiting":
      return withReply(state, { place: event.place });
    case "truncated":
      return withReply(state, { dropped: event.dropped, shortened: event.shortened ?? false });
    case "reasoning":
      return withReply(state, (reply) => ({ reasoning: reply.reasoning + event.text, place: null }));
    case "spoken":
      return {
        ...withReply(state, (reply) => ({ text: reply.text + event.text, by: event.by, place: null })),
        phase: "speaking",
      };
    case "lines":
      return withReply(state, { lines: event.lines });
    case "offered":
      return withReply(state, { offered: event.piece });
    case "failed":
      return withReply(state, { failure: { code: event.code, message: event.message }, place: null });
    case "ended":
      return close(
        // A guarded reply is withdrawn whole: its reasoning led to what must not be read.
        event.reason === "guarded" ? withReply(state, { text: event.text ?? "", reasoning: "", offered: null }) : state,
        event.reason,
      );
  }
}

function close(state: Conversation, ending: Exclude<Ending, null>): Conversation {
  if (state.phase === "resting") return state;
  return { ...withReply(state, { ending, place: null }), phase: "resting" };
}

/** The server did not take the message: it leaves the conversation (the caller puts it back into the draft). */
function refuse(state: Conversation): Conversation {
  if (state.phase !== "sending") return close(state, "lost");
  const asked = state.entries.findLastIndex((entry) => entry.role === "client");
  return { ...state, phase: "resting", entries: state.entries.slice(0, Math.max(asked, 0)) };
}

/** The server forgot the conversation: a break goes before the message that is now being sent anew. */
function forget(state: Conversation): Conversation {
  const asked = state.entries.findLastIndex((entry) => entry.role === "client");
  if (asked <= 0) return state;
  return {
    ...state,
    entries: [...state.entries.slice(0, asked), { key: state.next, role: "break" }, ...state.entries.slice(asked)],
    next: state.next + 1,
  };
}

function restore(messages: readonly SavedMessage[]): Conversation {
  const entries = messages.map((message, key): Entry => {
    const language = languageOf(message.text);
    if (message.role === "client") return { key, role: "client", text: message.text, language };
    const { text, by, lines, notices = [], offered = null } = message;
    return { ...silence(key, language), text, by, notices, lines, offered, ending: "stop" };
  });
  return { phase: "resting", entries, next: entries.length };
}

type Change = Partial<CounsellorMessage> | ((reply: CounsellorMessage) => Partial<CounsellorMessage>);

function withReply(state: Conversation, change: Change): Conversation {
  const last = state.entries.at(-1);
  if (last?.role !== "counsellor") return state;
  const changed = { ...last, ...(typeof change === "function" ? change(last) : change) };
  return { ...state, entries: [...state.entries.slice(0, -1), changed] };
}
