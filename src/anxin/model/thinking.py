"""Tell a model's reasoning from its reply while both stream, wherever the chunks happen to break.

The rule: everything between `<think>` and the next `</think>` is reasoning, an unclosed block runs to the end, and a
`</think>` outside a block is dropped. Whitespace that opens either part belongs to the markup and is dropped with it.
"""

from __future__ import annotations

from typing import Final

from anxin.model.protocol import Reply, Thought

__all__ = ["ThinkSplitter"]

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class ThinkSplitter:
    """Feed it text as it comes; it gives back `Thought` and `Reply` pieces, none of them empty.

    It holds back at most the few characters that may yet turn out to be a tag. `thinking` is for templates whose
    prompt already ends with an open `<think>`. One splitter serves one answer.
    """

    __slots__ = ("_seam", "_tail", "_thinking")

    def __init__(self, thinking: bool = False) -> None:
        self._thinking = thinking
        self._tail = ""
        self._seam = True  # whitespace before the first word of either part is markup

    def feed(self, text: str) -> list[Thought | Reply]:
        """The pieces that are certain once `text` has come."""
        # The usual piece of a reply holds no markup at all.
        if not self._tail and not self._seam and "<" not in text:
            return [Thought(text) if self._thinking else Reply(text)] if text else []
        out: list[Thought | Reply] = []
        rest = self._tail + text
        while True:
            tag, place = self._next_tag(rest)
            if place < 0:
                break
            self._emit(rest[:place], out)
            rest = rest[place + len(tag) :]
            self._thinking = tag == _OPEN
            self._seam = True
        held = _held(rest)
        self._tail = rest[len(rest) - held :] if held else ""
        self._emit(rest[: len(rest) - held], out)
        return out

    def end(self) -> list[Thought | Reply]:
        """What was held back, now that nothing more comes."""
        out: list[Thought | Reply] = []
        self._emit(self._tail, out)
        self._tail = ""
        return out

    def _next_tag(self, text: str) -> tuple[str, int]:
        """The first tag that ends or begins a block; inside a block another opening tag is plain reasoning."""
        close = text.find(_CLOSE)
        opening = -1 if self._thinking else text.find(_OPEN)
        if opening >= 0 and (close < 0 or opening < close):
            return _OPEN, opening
        return _CLOSE, close

    def _emit(self, text: str, out: list[Thought | Reply]) -> None:
        if self._seam:
            text = text.lstrip()
        if text:
            self._seam = False
            out.append(Thought(text) if self._thinking else Reply(text))


def _held(text: str) -> int:
    """How many characters at the end of `text` may be the start of a tag."""
    start = text.rfind("<", max(0, len(text) - len(_CLOSE) + 1))
    if start < 0:
        return 0
    end = text[start:]
    return len(end) if _OPEN.startswith(end) or _CLOSE.startswith(end) else 0
