"""The data lines of a server-sent event stream, from bytes cut anywhere.

Source: WHATWG HTML Living Standard, section 9.2.6. One line is one payload here, as every OpenAI-compatible server
sends it; comments, event names, ids and anything else that is not data are passed over.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DataLines", "LineTooLong"]

_LONGEST: Final = 1 << 20  # bytes; a token's event is some 250


class LineTooLong(ValueError):
    """A line that no server of this protocol sends."""


class DataLines:
    """Feed it bytes as they come; it gives back whole payloads. One serves one response."""

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        self._tail = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads completed by `chunk`; raises `LineTooLong` where no line end comes."""
        if self._tail:
            self._tail += chunk
            if b"\n" not in chunk:
                return self._bounded()
            chunk = bytes(self._tail)
            self._tail.clear()
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if rest:
            self._tail += rest
            self._bounded()
        return [line[5:].strip() for line in lines if line.startswith(b"data:")]

    def end(self) -> list[bytes]:
        """A last line that no line end closed."""
        line, self._tail = bytes(self._tail), bytearray()
        return [line[5:].strip()] if line.startswith(b"data:") else []

    def _bounded(self) -> list[bytes]:
        if len(self._tail) > _LONGEST:
            raise LineTooLong
        return []
