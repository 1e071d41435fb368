import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Within this many pixels of the end a reader counts as being at the end. */
const NEAR_END = 72;

/** Room left above a reply whose beginning is kept in view, in pixels. */
const HELD_MARGIN = 16;

export interface Place {
  atEnd: boolean;
  /** Something was added below while the reader was elsewhere. */
  unread: boolean;
  toEnd: () => void;
}

/**
 * Keeps the reader's place: follows what is new only while they are at the end, and never moves the page otherwise.
 * `content` is whatever changes when there is more to read. Before the conversation has `begun` the page stays at its
 * top, and from then on it follows.
 */
export function usePlace(scroller: RefObject<HTMLElement | null>, content: unknown, begun: boolean): Place {
  const following = useRef(false);
  const [atEnd, setAtEnd] = useState(true);
  const [unread, setUnread] = useState(false);

  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    following.current = true;
    element.scrollTop = element.scrollHeight;
    setAtEnd(true);
    setUnread(false);
  }, [scroller]);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = (): void => {
      const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
      following.current = near && begun;
      // At the beginning of a crisis reply nothing is missing, and a button would only lie over its numbers.
      setAtEnd(near || (heldTop(element) ?? -1) >= 0);
      if (near) setUnread(false);
    };
    // A keyboard that opens, or a composer that grows, makes the room smaller from below.
    const resized = new ResizeObserver(() => {
      if (following.current) follow(element);
    });
    element.addEventListener("scroll", look, { passive: true });
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      resized.disconnect();
    };
  }, [scroller, begun]);

  useLayoutEffect(() => {
    following.current = begun;
    if (!begun && scroller.current) scroller.current.scrollTop = 0;
    setAtEnd(true);
    setUnread(false);
  }, [scroller, begun]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !begun) return;
    if (following.current) follow(element);
    else setUnread(true);
  }, [scroller, content, begun]);

  return { atEnd, unread, toEnd };
}

/** To the end, but never past the beginning of a crisis reply: its first words matter more than its last number. */
function follow(element: HTMLElement): void {
  element.scrollTop = element.scrollHeight;
  const top = heldTop(element);
  if (top !== null && top < HELD_MARGIN) element.scrollTop -= HELD_MARGIN - top;
}

/** How far below the upper edge the last reply begins, in pixels, where it is one to be read from its beginning. */
function heldTop(element: HTMLElement): number | null {
  const held = element.querySelector(".talk > li:last-child > .held");
  return held ? held.getBoundingClientRect().top - element.getBoundingClientRect().top : null;
}
