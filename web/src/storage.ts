/**
 * What the page keeps in the browser. The tab keeps the conversation's id and what is not sent yet (sessionStorage, gone
 * with the tab); the browser keeps settings and the last known help lines (localStorage). Never the words of a
 * conversation. Storage may be full or forbidden: the page then simply forgets.
 */

type Store = "tab" | "browser";

const PREFIX = "anxin.";

function area(store: Store): Storage {
  return store === "tab" ? window.sessionStorage : window.localStorage;
}

export function recall(store: Store, name: string): string | null {
  try {
    return area(store).getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function keep(store: Store, name: string, value: string | null): void {
  try {
    if (value === null || value === "") area(store).removeItem(PREFIX + name);
    else area(store).setItem(PREFIX + name, value);
  } catch {
    // Nothing to do: see above.
  }
}

export function recallJson<T>(store: Store, name: string, valid: (value: unknown) => value is T): T | null {
  const raw = recall(store, name);
  if (raw === null) return null;
  try {
    const value: unknown = JSON.parse(raw);
    return valid(value) ? value : null;
  } catch {
    return null;
  }
}

export function keepJson(store: Store, name: string, value: unknown): void {
  keep(store, name, JSON.stringify(value));
}
