"""Text as the finders read it, character for character, so that offsets are the original's; tables and words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from anxin.safety.normal import fold_char

__all__ = ["HAN", "any_of", "plain", "table", "words"]

HAN = "\u3400-\u9fff"
_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in "，。！？；：（）～"}
_ODD = {"＠": "@", "﹫": "@", "\u200b": " ", "\u200c": " ", "\u200d": " ", "\u2060": " ", "\ufeff": " ", "\xa0": " "}
_ODD |= {"–": "-", "—": "—", "‐": "-", "‑": "-", "−": "-", "’": "'", "‘": "'", "ʼ": "'", "\u3000": " "}
_CIRCLED = {chr(0x2460 + place): str(place + 1) for place in range(9)} | {"⓪": "0"}


@cache
def _folding() -> Mapping[int, str]:
    """Width and script: full-width forms to ASCII, traditional characters to simplified, where one stands for one."""
    folding: dict[int, str] = dict(_WIDE)
    folding |= {ord(old): new for old, new in (_ODD | _CIRCLED).items()}
    for code in range(0x4E00, 0xA000):
        new = fold_char(chr(code))
        if len(new) == 1 and new != chr(code):
            folding[code] = new
    return folding


def plain(text: str) -> str:
    """The text in simplified characters and ASCII width, as long as the original."""
    return text if text.isascii() or not _foldable().search(text) else text.translate(_folding())


@cache
def _foldable() -> re.Pattern[str]:
    return re.compile(f"[{re.escape(''.join(map(chr, _folding())))}]")


@cache
def table(name: str) -> Mapping[str, Any]:
    """A data file of this package."""
    return tomllib.loads(resources.files("anxin.corpus.personal").joinpath(f"{name}.toml").read_text("utf-8"))


def words(text: str) -> frozenset[str]:
    """The words of a data file's entry, parted by white space."""
    return frozenset(text.split())


def any_of(entries: Iterable[str]) -> str:
    """A pattern for any of these, longest first, as a trie: a scan looks at each character once."""
    trie: dict[str, Any] = {}
    for entry in entries:
        node = trie
        for char in entry:
            node = node.setdefault(char, {})
        node[""] = {}
    return _branches(trie)


def _branches(node: Mapping[str, Any]) -> str:
    ends = "" in node
    # re.escape of one character; a branch is taken only by its own first character, so order is of no matter.
    branches = [re.escape(char) + _branches(below) for char, below in sorted(node.items()) if char]
    if not branches:
        return ""
    pattern = branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join(branches)})"
    return f"{pattern}?" if ends else pattern
