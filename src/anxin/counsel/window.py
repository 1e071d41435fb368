"""What of a dialogue fits the model's window. Whatever is left out is counted, never dropped silently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from anxin.dialogue import Message

__all__ = ["Window", "fit"]

Count = Callable[[Sequence[Message]], int]

_FRAME = 24  # bytes a template puts around a message at most; a token is at least a byte, so this bounds tokens
_GAP = " […] "


@dataclass(frozen=True, slots=True)
class Window:
    """The messages for the model, how many were left out, and whether the newest had to be shortened."""

    messages: tuple[Message, ...]
    dropped: int = 0
    shortened: bool = False


def fit(head: Sequence[Message], dialogue: Sequence[Message], budget: int, count: Count) -> Window:
    """`head` (system messages) and as much of `dialogue` as fits `budget` tokens.

    Kept first: the newest message, then where the client began, then the most recent ones; the middle goes. A newest
    message too long by itself is shortened in its middle. The first message after the head is always the client's.
    """
    whole = (*head, *dialogue)
    if sum(len(message.text.encode("utf-8", "replace")) + _FRAME for message in whole) <= budget:
        return Window(whole)
    if count(whole) <= budget:
        return Window(whole)
    newest = dialogue[-1]
    left = budget - count((*head, newest))
    if left < 0:
        short = _shorten(newest, len(newest.text), lambda message: count((*head, message)) <= budget)
        return Window((*head, short), len(dialogue) - 1, True)
    costs = [count((message,)) for message in dialogue[:-1]]
    begins = 1 if len(dialogue) > 2 and costs[0] <= left // 3 else 0
    left -= costs[0] if begins else 0
    first = len(dialogue) - 1
    while first > begins and costs[first - 1] <= left:
        first -= 1
        left -= costs[first]
    while first < len(dialogue) - 1 and not begins and dialogue[first].role == "counsellor":
        first += 1
    kept = (*dialogue[:begins], *dialogue[first:])
    return Window((*head, *kept), len(dialogue) - len(kept))


def _shorten(message: Message, length: int, fits: Callable[[Message], bool]) -> Message:
    """The message with as little as possible taken from its middle."""
    low, high = 0, length
    while low < high:
        keep = (low + high + 1) // 2
        if fits(_cut(message, keep)):
            low = keep
        else:
            high = keep - 1
    return _cut(message, low)


def _cut(message: Message, keep: int) -> Message:
    back = keep // 2
    return Message(message.role, message.text[: keep - back] + _GAP + (message.text[-back:] if back else ""))
