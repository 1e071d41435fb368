"""Text as servers can take it and as clients can read it: no half of a surrogate pair either way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from anxin.dialogue import Dialogue, Message

__all__ = ["estimate", "to_wire", "whole"]

_FRAME: Final = 4  # tokens a chat template adds to a message, at the most usual
_WIDE: Final = re.compile(r"[^\x00-\x7f]")
_FAR: Final = re.compile(r"[^\x00-\uffff]")


def whole(text: str) -> str:
    """The text with pairs of surrogates joined and lone ones replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def to_wire(messages: Iterable[Message]) -> list[dict[str, str]]:
    """The messages in OpenAI's shape, fit to be sent."""
    wire = Dialogue(tuple(messages)).to_wire()
    return [{**message, "content": whole(message["content"])} for message in wire]


def estimate(messages: Sequence[Message]) -> int:
    """Tokens of the messages where nobody can say: rounded up, as a prompt too long costs more than one cut early.

    One token for a character outside ASCII, three outside the basic plane (emoji), one for three of ASCII. Current
    vocabularies need about two thirds of that for Chinese and for English.
    """
    total = 0
    for message in messages:
        wide, far = len(_WIDE.findall(message.text)), len(_FAR.findall(message.text))
        total += wide + 2 * far + -(-(len(message.text) - wide) // 3) + _FRAME
    return total
