"""A piece as a folded block of Markdown, for clients that show only text, and back: what a dialogue has been shown.

The block is HTML's `<details>`, which Open WebUI, GitHub and most Markdown readers fold; elsewhere the text stays
readable. What was shown is read from the dialogue itself, by the first line of every piece, so that nothing has to be
remembered anywhere else, also when a client has taken the marks away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape, unescape

from anxin.dialogue import Dialogue, Language, Message
from anxin.retrieve.library import library
from anxin.retrieve.piece import Kind, Piece

__all__ = ["Shown", "folded", "heading", "shown", "unfolded"]

NEVER = 1_000_000  # client's messages since an offer that was never made

_LABEL: Mapping[Language, Mapping[Kind, str]] = {
    "zh": {"crosstalk": "轻松一刻", "exercise": "小练习", "card": "小知识"},
    "en": {"crosstalk": "A lighter moment", "exercise": "Something to try", "card": "Good to know"},
}
_MINUTES: Mapping[Language, str] = {"zh": "大约{minutes}分钟", "en": "about {minutes} min"}
_SOURCE: Mapping[Language, str] = {"zh": "来源：", "en": "Source: "}
_NUMBER = re.compile(r"^\d{1,2}[.)、]\s*")
_BLOCK = re.compile(r"\s*<details>\n<summary>[^\n<]*</summary>\n.*?\n</details>\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a conversation has been offered: ids, and how many client's messages ago the last offer was, and the last
    crosstalk piece; 1 for the turn before this one."""

    ids: frozenset[str] = frozenset()
    ago: int = NEVER
    crosstalk_ago: int = NEVER


def heading(piece: Piece) -> str:
    """What kind of piece it is, its title, and how long an exercise takes, in the piece's language."""
    title = f"{_LABEL[piece.language][piece.kind]} · {piece.title}"
    return title + (f" · {_MINUTES[piece.language].format(minutes=piece.minutes)}" if piece.minutes else "")


def folded(piece: Piece) -> str:
    """The block, to stand after a reply; it begins with the empty line that Markdown wants before it."""
    lines = [escape(line, quote=False) for line in piece.body]
    if piece.kind == "exercise":
        lines = ["\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))]
    lines += [escape(piece.note, quote=False)] if piece.note else []
    lines += [_SOURCE[piece.language] + escape(piece.source, quote=False)] if piece.source else []
    body = "\n\n".join(lines)
    return f"\n\n<details>\n<summary>{escape(heading(piece), quote=False)}</summary>\n\n{body}\n\n</details>"


def unfolded(dialogue: Dialogue) -> Dialogue:
    """The dialogue without the blocks: a model that reads them would write such blocks itself."""
    if not any("<details>" in message.text for message in dialogue.by("counsellor")):
        return dialogue
    return Dialogue(tuple(map(_without, dialogue)), dialogue.id)


def shown(dialogue: Dialogue) -> Shown:
    """What the dialogue has been offered before its newest message."""
    first = _first_lines()
    ids: set[str] = set()
    last = {"any": NEVER, "crosstalk": NEVER}
    ago = 0
    for message in reversed(dialogue.messages):
        if message.role == "client":
            ago += 1
        if message.role != "counsellor":
            continue
        for line in message.text.split("\n"):
            piece = first.get(_NUMBER.sub("", unescape(line).strip()))
            if piece is not None:
                ids.add(piece.id)
                last["any"] = min(last["any"], ago)
                if piece.kind == "crosstalk":
                    last["crosstalk"] = min(last["crosstalk"], ago)
    return Shown(frozenset(ids), last["any"], last["crosstalk"])


def _without(message: Message) -> Message:
    if message.role != "counsellor":
        return message
    return Message("counsellor", _BLOCK.sub("\n\n", message.text).strip())


@cache
def _first_lines() -> Mapping[str, Piece]:
    return {piece.body[0]: piece for piece in library()}
