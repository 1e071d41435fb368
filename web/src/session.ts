/**
 * One person's session: the conversation's state machine joined to the server and to what the tab remembers.
 * A store for `useSyncExternalStore`: it changes by replacing its snapshot.
 */

import * as api from "./api";
import { Refused, Unreachable } from "./api";
import { keep, recall } from "./storage";
import { advance, type Conversation, EMPTY, lastAsked, sentSinceBreak, type TurnAction } from "./turn";

/** One line above the composer, at most one at a time. */
export type Notice =
  | { kind: "lost" | "forgotten" | "deleted" | "busy" | "tooLong" | "full" | "unreadable" | "notDeleted" }
  | { kind: "fresh"; back: string | null }
  | { kind: "tooMany"; seconds: number | null };

export interface Snapshot {
  conversation: Conversation;
  notice: Notice | null;
  draft: string;
  /** True while a conversation of before the reload is being fetched. */
  restoring: boolean;
}

/** A turn may still be closing on the server when the next is asked for: wait this long, in milliseconds, then ask again. */
const BUSY_WAITS = [300, 700, 1500];

export class Session {
  private state: Snapshot;
  private readonly listeners = new Set<() => void>();
  private id: string | null = recall("tab", "conversation");
  private running: AbortController | null = null;
  /** False while we cannot know whether the server took the last message. */
  private heard = true;

  constructor(
    private readonly region: () => string | null,
    private readonly humour: () => boolean,
  ) {
    const unsent = recall("tab", "unsent");
    const draft = join(unsent ?? "", recall("tab", "draft") ?? "");
    this.state = { conversation: EMPTY, notice: null, draft, restoring: this.id !== null };
    if (unsent) this.remember(draft);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Snapshot => this.state;

  readonly write = (draft: string): void => {
    this.change({ draft });
    keep("tab", "draft", draft);
  };

  readonly dismiss = (): void => this.change({ notice: null });

  /** Brings back the conversation this tab was in. */
  readonly restore = async (): Promise<void> => {
    if (this.id === null) return;
    this.change({ restoring: true });
    try {
      const saved = await api.loadConversation(this.id);
      this.apply({ type: "restored", messages: saved.messages });
      const last = lastAsked(this.state.conversation);
      // The reload came between the server taking the message and the page hearing of it.
      if (last !== "" && this.state.draft === last) this.write("");
      this.change({ restoring: false, notice: null });
    } catch (error) {
      if (error instanceof Refused) {
        this.adopt(null);
        this.change({ restoring: false, notice: { kind: "forgotten" } });
      } else {
        this.change({ notice: { kind: "lost" } });
      }
    }
  };

  readonly send = async (): Promise<void> => {
    const text = this.state.draft.trim();
    const { conversation, restoring } = this.state;
    if (text === "" || restoring || conversation.phase !== "resting") return;
    this.apply({ type: "asked", text });
    keep("tab", "unsent", text);
    this.write("");
    await this.run("turns", text);
  };

  readonly again = async (): Promise<void> => {
    const before = this.state.conversation;
    this.apply({ type: "again" });
    if (this.state.conversation !== before) await this.run("retry", lastAsked(this.state.conversation));
  };

  readonly stop = (): void => {
    this.running?.abort();
    this.apply({ type: "stopped" });
  };

  /** What the notice's button does when the connection was lost. */
  readonly reconnect = async (): Promise<void> => {
    this.dismiss();
    if (this.state.restoring) await this.restore();
    else if (brokeOff(this.state.conversation)) await this.again();
    else if (this.state.draft.trim() !== "") await this.send();
  };

  readonly startNew = (): void => {
    const back = this.state.conversation.entries.length > 0 ? this.id : null;
    this.clear();
    this.change({ notice: back ? { kind: "fresh", back } : null });
  };

  readonly goBack = async (id: string): Promise<void> => {
    this.clear();
    this.adopt(id);
    await this.restore();
  };

  /** Deletes on the server first; what could not be deleted stays in view. */
  readonly remove = async (): Promise<void> => {
    this.stop();
    try {
      if (this.id !== null) await api.deleteConversation(this.id);
    } catch {
      this.change({ notice: { kind: "notDeleted" } });
      return;
    }
    this.clear();
    this.change({ notice: { kind: "deleted" } });
  };

  private async run(kind: "turns" | "retry", text: string): Promise<void> {
    const running = new AbortController();
    this.running = running;
    this.change({ notice: null });
    try {
      await this.take(kind, text, running.signal);
    } catch (error) {
      if (!running.signal.aborted) this.fail(error, kind, text);
    } finally {
      if (this.running === running) this.running = null;
    }
  }

  private async take(kind: "turns" | "retry", text: string, signal: AbortSignal): Promise<void> {
    const sure = this.heard || this.id === null;
    this.heard = this.heard && kind === "retry";
    const id = this.id ?? this.adopt(await api.createConversation(signal));
    if (signal.aborted) return;
    try {
      await this.listen(id, sure ? kind : await this.settle(id, text), text, signal);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
      // The server was restarted: the words above stay in view, the new ones go into a new conversation.
      this.apply({ type: "forgotten" });
      const fresh = this.adopt(await api.createConversation(signal));
      await this.listen(fresh, "turns", text, signal);
    }
  }

  /** After a broken connection: did the message arrive? Asks the server what it holds. */
  private async settle(id: string, text: string): Promise<"turns" | "retry"> {
    const saved = await api.loadConversation(id);
    const theirs = saved.messages.filter((message) => message.role === "client");
    const arrived = theirs.length >= sentSinceBreak(this.state.conversation) && theirs.at(-1)?.text === text;
    return arrived ? "retry" : "turns";
  }

  private async listen(id: string, kind: "turns" | "retry", text: string, signal: AbortSignal): Promise<void> {
    const settings = { language: null, region: this.region(), humour: this.humour() };
    const body = kind === "turns" ? { text, ...settings } : settings;
    this.heard = kind === "retry";
    for (let attempt = 0; ; attempt++) {
      try {
        for await (const batch of api.takeTurn(id, kind, body, signal)) {
          if (signal.aborted) return;
          this.heard = true;
          keep("tab", "unsent", null);
          this.apply(...batch.map((event): TurnAction => ({ type: "event", event })));
        }
        return;
      } catch (error) {
        const wait = BUSY_WAITS[attempt];
        if (!(error instanceof Refused && error.status === 409) || wait === undefined) throw error;
        await pause(wait, signal);
      }
    }
  }

  private fail(error: unknown, kind: "turns" | "retry", text: string): void {
    const notice = noticeOf(error);
    if (error instanceof Refused) this.heard = true;
    // A message the server never took goes back to where it was written; a reply that broke off keeps its place.
    const untaken = kind === "turns" && (error instanceof Refused || !this.heard);
    if (!untaken) {
      const midway = this.state.conversation.phase !== "sending" && notice.kind === "lost";
      this.apply({ type: "lost" });
      this.change({ notice: midway ? null : notice });
      return;
    }
    this.apply({ type: "refused" });
    keep("tab", "unsent", null);
    this.write(join(text, this.state.draft));
    this.change({ notice });
  }

  private clear(): void {
    this.stop();
    this.adopt(null);
    this.heard = true;
    this.apply({ type: "cleared" });
    this.change({ restoring: false });
  }

  private adopt<T extends string | null>(id: T): T {
    this.id = id;
    keep("tab", "conversation", id);
    return id;
  }

  private remember(draft: string): void {
    keep("tab", "unsent", null);
    keep("tab", "draft", draft);
  }

  private apply(...actions: TurnAction[]): void {
    const conversation = actions.reduce(advance, this.state.conversation);
    if (conversation !== this.state.conversation) this.change({ conversation });
  }

  private change(part: Partial<Snapshot>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}

function noticeOf(error: unknown): Notice {
  if (error instanceof Refused) {
    if (error.status === 409) return { kind: "busy" };
    if (error.status === 413) return { kind: error.code === "conversation_too_long" ? "full" : "tooLong" };
    if (error.status === 429) return { kind: "tooMany", seconds: error.wait };
    if (error.status === 400 || error.status === 422) return { kind: "unreadable" };
    return { kind: "lost" };
  }
  if (error instanceof Unreachable) return { kind: "lost" };
  // A fault of the page itself must not pass for a network fault without a trace.
  console.error(error);
  return { kind: "lost" };
}

function brokeOff(conversation: Conversation): boolean {
  const last = conversation.entries.at(-1);
  return last?.role === "counsellor" && last.ending === "lost";
}

function join(first: string, second: string): string {
  return first !== "" && second !== "" ? `${first}\n${second}` : first + second;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}
