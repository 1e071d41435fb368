/** Every call the page makes, all of them to its own origin. */

import { frames } from "./stream";
import { type About, type Language, type Line, readEvent, type SavedConversation, type TurnEvent } from "./wire";

/** The server answered and said no. `status` is HTTP's, `code` the server's, `wait` the seconds of Retry-After. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly wait: number | null,
  ) {
    super(`the server refused with ${String(status)}`);
  }
}

/** No answer, a broken one, or a server in trouble: worth trying again. */
export class Unreachable extends Error {
  constructor() {
    super("the server cannot be reached");
  }
}

export interface TurnBody {
  text?: string;
  language: Language | null;
  region: string | null;
  humour: boolean;
}

export async function about(language: Language, signal?: AbortSignal): Promise<About> {
  return (await call(`/api/about?language=${language}`, { signal: signal ?? null }).then(json)) as About;
}

export async function lines(region: string, language: Language, signal?: AbortSignal): Promise<Line[]> {
  const query = new URLSearchParams({ region, language });
  const found = (await call(`/api/lines?${query.toString()}`, { signal: signal ?? null }).then(json)) as { lines: Line[] };
  return found.lines;
}

export async function createConversation(signal: AbortSignal): Promise<string> {
  const made = (await call("/api/conversations", { method: "POST", signal }).then(json)) as { id: string };
  return made.id;
}

export async function loadConversation(id: string, signal?: AbortSignal): Promise<SavedConversation> {
  return (await call(path(id), { signal: signal ?? null }).then(json)) as SavedConversation;
}

/** A conversation that is already gone counts as deleted. */
export async function deleteConversation(id: string): Promise<void> {
  try {
    await call(path(id), { method: "DELETE" });
  } catch (error) {
    if (!(error instanceof Refused && error.status === 404)) throw error;
  }
}

/** One turn as batches of events; ends after `ended`, throws `Unreachable` when the stream breaks off before it. */
export async function* takeTurn(
  id: string,
  kind: "turns" | "retry",
  body: TurnBody,
  signal: AbortSignal,
): AsyncGenerator<TurnEvent[]> {
  const response = await call(`${path(id)}/${kind}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.body) throw new Unreachable();
  try {
    for await (const batch of frames(response.body)) {
      const events = batch.map((frame) => readEvent(frame.event, frame.data)).filter((event) => event !== null);
      yield events;
      if (events.some((event) => event.type === "ended")) return;
    }
  } catch (error) {
    throw signal.aborted ? error : new Unreachable();
  }
  throw new Unreachable();
}

function path(id: string): string {
  return `/api/conversations/${encodeURIComponent(id)}`;
}

async function call(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, cache: "no-store", credentials: "same-origin", redirect: "error" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Unreachable();
  }
  if (response.ok) return response;
  if (response.status >= 500) throw new Unreachable();
  const wait = Number(response.headers.get("Retry-After"));
  throw new Refused(response.status, await codeOf(response), Number.isFinite(wait) && wait > 0 ? Math.ceil(wait) : null);
}

async function codeOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: { code?: unknown } };
    return typeof error?.code === "string" ? error.code : "";
  } catch {
    return "";
  }
}

async function json(response: Response): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    throw new Unreachable();
  }
}
