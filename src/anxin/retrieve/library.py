"""The packaged pieces, read once and checked: a piece that breaks the format is named with what to change."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from anxin.config import parse
from anxin.dialogue import Language
from anxin.errors import DataError
from anxin.retrieve.piece import Kind, Piece, Topic, voice

__all__ = ["find", "library", "read"]

_ID = re.compile(r"(crosstalk|exercise|card)-(zh|en)-[a-z0-9]+(-[a-z0-9]+)*")
_LINES = {"crosstalk": range(5, 11), "exercise": range(3, 10), "card": range(1, 5)}
_LONGEST = {"crosstalk": 90, "exercise": 130, "card": 220}  # characters of a Chinese line; English takes three times


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    title: str
    body: tuple[str, ...]
    topics: tuple[Topic, ...]
    words: tuple[str, ...]
    source: str = ""
    minutes: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    kind: Kind
    language: Language
    piece: tuple[_Entry, ...]


@cache
def library() -> tuple[Piece, ...]:
    """Every packaged piece, in the order of files and rows. Raises `DataError` for a file that breaks the format."""
    pieces: list[Piece] = []
    for file in sorted(files("anxin.retrieve").joinpath("pieces").iterdir(), key=lambda found: found.name):
        if file.name.endswith(".toml"):
            pieces += read(tomllib.loads(file.read_text(encoding="utf-8")), file.name)
    seen: set[str] = set()
    for piece in pieces:
        if piece.id in seen:
            raise DataError(f"two pieces are called {piece.id}; rename one")
        seen.add(piece.id)
    return tuple(pieces)


def find(id: str) -> Piece | None:
    """The packaged piece with this id; None where a later release has taken it out."""
    return _by_id().get(id)


@cache
def _by_id() -> Mapping[str, Piece]:
    return {piece.id: piece for piece in library()}


def read(table: Mapping[str, Any], where: str = "") -> tuple[Piece, ...]:
    """The pieces of one parsed TOML file. Raises `DataError` or `ConfigError` with the piece and what to change."""
    file = parse(_File, table, where and f"{where}: ")
    pieces = tuple(
        Piece(
            entry.id,
            file.kind,
            file.language,
            entry.title,
            entry.body,
            entry.topics,
            entry.words,
            entry.source,
            entry.minutes,
            entry.note,
        )
        for entry in file.piece
    )
    for piece in pieces:
        if wrong := _wrong(piece):
            raise DataError(f"{where and where + ': '}{piece.id}: {wrong}")
    return pieces


def _wrong(piece: Piece) -> str:
    """What keeps a piece from being used, or nothing."""
    longest = _LONGEST[piece.kind] * (1 if piece.language == "zh" else 3)
    lines = _LINES[piece.kind]
    if not _ID.fullmatch(piece.id) or not piece.id.startswith(f"{piece.kind}-{piece.language}-"):
        return f"the id must be {piece.kind}-{piece.language}-, then small letters, digits and hyphens"
    if not 1 <= len(piece.title) <= (20 if piece.language == "zh" else 60):
        return "the title must have 1 to 20 characters (60 in English)"
    if len(piece.body) not in lines:
        return f"the body must have {lines.start} to {lines.stop - 1} lines, not {len(piece.body)}"
    if long := [line for line in piece.body if not line.strip() or len(line) > longest]:
        return f"a line must have 1 to {longest} characters: {long[0][:20]!r}"
    if not 1 <= len(piece.topics) <= 4 or not 2 <= len(piece.words) <= 16:
        return "give 1 to 4 topics and 2 to 16 words"
    if piece.kind == "crosstalk":
        voices = [voice(line)[0] for line in piece.body]
        two = ("甲", "乙") if piece.language == "zh" else ("A", "B")
        if voices != [two[place % 2] for place in range(len(voices))]:
            return f"lines must begin with {two[0]} and {two[1]} in turn ('甲：' and '乙：', or 'A: ' and 'B: ')"
    elif not piece.source:
        return "name the source of the method"
    if (piece.minutes > 0) != (piece.kind == "exercise") or piece.minutes > 60:
        return "an exercise says how many minutes it takes (1 to 60), and nothing else does"
    return ""
