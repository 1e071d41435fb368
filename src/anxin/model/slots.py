"""Which of the runtime's slots answers next, so that as little as possible is read twice."""

from __future__ import annotations

from collections.abc import Sequence

from anxin.dialogue import Message

__all__ = ["Slots"]


class Slots:
    """Remembers of each slot only two numbers: salted hashes of the system prompt and of how the dialogue opened."""

    def __init__(self, count: int) -> None:
        self._free = list(range(count))
        self._opening = [0] * count
        self._system = [0] * count

    def take(self, messages: Sequence[Message]) -> int:
        """The free slot that last held this dialogue, else this system prompt, else the longest unused."""
        opening, system = _opening(messages), _system(messages)
        slot = max(self._free, key=lambda free: (self._opening[free] == opening, self._system[free] == system))
        self._free.remove(slot)
        return slot

    def holds_system(self, slot: int, messages: Sequence[Message]) -> bool:
        """Whether the slot has read the system prompt of these messages."""
        return self._system[slot] == _system(messages)

    def give_back(self, slot: int, messages: Sequence[Message] = ()) -> None:
        """The slot is free; it has read these messages, or nothing that is known."""
        self._opening[slot], self._system[slot] = (_opening(messages), _system(messages)) if messages else (0, 0)
        self._free.append(slot)


def _opening(messages: Sequence[Message]) -> int:
    first = next((message.text for message in messages if message.role == "client"), "")
    return hash((_system(messages), first))


def _system(messages: Sequence[Message]) -> int:
    return hash(tuple(message.text for message in messages if message.role == "system"))
