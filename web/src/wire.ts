/** What travels between the page and the server: the types of the contract, nothing else. */

export type Language = "zh" | "en";

export interface About {
  version: string;
  model: { name: string; demonstration: boolean; backend: string; outside: boolean };
  regions: Region[];
  region: string;
  limits: { message_characters: number };
  disclosure: string;
}

export interface Region {
  code: string;
  name: string;
}

/** One crisis line, always from the server's dated data file; the page knows no number of its own. */
export interface Line {
  name: string;
  number: string;
  hours: string;
  note: string;
  url: string;
  kind: "line" | "emergency";
  region: string;
  open_now: boolean | null;
  /** How it is reached; missing in lines kept by an older page. */
  ways?: readonly ("call" | "text" | "web")[];
}

/** Something offered beside the words, shown folded. `voice` is empty but in crosstalk. */
export interface Piece {
  id: string;
  kind: "crosstalk" | "exercise" | "card";
  language: Language;
  title: string;
  lines: readonly { voice: string; text: string }[];
  /** How long an exercise takes; 0 elsewhere. */
  minutes: number;
  note: string;
  source: string;
}

/** A quiet line of Anxin's own beside the talk: that this is an AI, that a rest would be good. */
export interface Reminder {
  kind: "start" | "return" | "again" | "break";
  text: string;
}

export interface SavedMessage {
  role: "client" | "counsellor";
  text: string;
  by: "model" | "anxin" | null;
  lines: Line[];
  /** What was shown before the reply; missing where nothing was. */
  notices?: Reminder[];
  /** Missing where nothing was. */
  offered?: Piece;
}

export interface SavedConversation {
  id: string;
  messages: SavedMessage[];
}

export type EndReason = "stop" | "length" | "guarded" | "failed";

export type TurnEvent =
  | { type: "screened"; route: "crisis" | "decline" | "converse" | "humour"; language: Language }
  | ({ type: "notice" } & Reminder)
  | { type: "waiting"; place: number }
  | { type: "truncated"; dropped: number; shortened?: boolean }
  | { type: "reasoning"; text: string }
  | { type: "spoken"; text: string; by: "model" | "anxin" }
  | { type: "lines"; lines: Line[] }
  | { type: "offered"; piece: Piece }
  | { type: "failed"; code: string; message: string }
  | { type: "ended"; reason: EndReason; text?: string };

const KNOWN: ReadonlySet<string> = new Set<TurnEvent["type"]>([
  "screened",
  "notice",
  "waiting",
  "truncated",
  "reasoning",
  "spoken",
  "lines",
  "offered",
  "failed",
  "ended",
]);

/** Reads one frame of the stream. Null for kinds a newer server may send and for data that is not an object. */
export function readEvent(type: string, data: string): TurnEvent | null {
  if (!KNOWN.has(type)) return null;
  let fields: unknown;
  try {
    fields = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return null;
  return { ...fields, type } as TurnEvent;
}
