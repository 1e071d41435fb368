"""Folding a message into the forms the screen reads, with a map back to the original code points.

The views, made only where they differ:
    plain   NFKD without marks, lower case, ASCII width, simplified characters, no zero-width or bidi controls, straight
            quotes, no apostrophe inside a word, single spaces
    tight   plain, with separators between Chinese characters taken out ("自 杀", "自*杀"), and small words of the other
            language that were thrown in
    loose   plain, with digits and signs inside words read as letters ("su1c1de") and spelled-out words joined
            ("s u i c i d e")
    meant   plain or tight, with words of danger that are written by their sound ("想si", "想四": sound.py) or mistyped
            ("sucide": slips.py) read as the word
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from anxin.safety.slips import slipped, thrown_in
from anxin.safety.sound import sounded, torn

__all__ = ["View", "clear", "fold", "fold_char", "other_views"]

# Characters that fold one to one, so that the original offsets stay true.
_EASY = re.compile(
    r"[a-zA-Z0-9\n !\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\u4e00-\u9fff，。！？；：、“”（）《》【】…—～　「」]*"
)
_DOUBLE_SPACE = re.compile(r"[ 　]{2}")
# What a mark is read as, then the marks.
_MARKS = (
    (",", "，、"),
    (".", "。…"),
    ("!", "！"),
    ("?", "？"),
    (";", "；"),
    (":", "："),
    ('"', "“”「」『』"),
    ("'", "‘’ʼ`´＇"),
    ("(", "（"),
    (")", "）"),
    ("<", "《"),
    (">", "》"),
    ("[", "【"),
    ("]", "】"),
    ("-", "—–−"),
    ("~", "～"),
    (" ", "\u3000\t"),
    ("\n", "\r\x0b\x0c\x85\u2028\u2029"),
)
_WIDE: Mapping[str, str] = {mark: read for read, marks in _MARKS for mark in marks}
_HAN = "\u3400-\u9fff"
# Spaces and signs may hide a word; clause marks stay, they are what negation and subject are read by.
_SPLIT = re.compile(rf"(?<=[{_HAN}])[^{_HAN}a-z0-9\n,.!?;:\"<>()\[\]]{{1,4}}(?=[{_HAN}])")
_FOUR = re.compile(rf"[{_HAN}]{{4}}")
_SPELLED = re.compile(r"(?<![a-z0-9])[a-z0-9@$!*]([ .\-_*/|,+~·•]{1,3})[a-z0-9@$!*](?:\1[a-z0-9@$!*](?![a-z0-9]))+")
# Of three letters only these: "a b c" is no word.
_SPELLED_SHORT = frozenset({"die", "cut", "end", "kms", "kys", "gun"})
_LEET_WORD = re.compile(r"(?<![a-z0-9@$!|])(?=[a-z0-9@$!|]*[a-z])[a-z0-9@$!|]*[0-9@$!|][a-z0-9@$!|]*[a-z0-9]")
_LEET = str.maketrans("0134578@$!|", "oieastbasil")
_NOT_LETTER = re.compile(r"[^a-z0-9@$!*]|(?<=[a-z0-9@$!])\*(?=[a-z0-9@$!])")


@dataclass(frozen=True, slots=True)
class View:
    """Folded text; `places[i]` is where character i came from in the text it was made of, None where nothing moved, and
    `ends[i]` where that ended, None where it was one character."""

    text: str
    places: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of this view stands in the text it was made of."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1 if self.ends is None else self.ends[end - 1]


@cache
def _variants() -> Mapping[str, str]:
    """Traditional to simplified and look-alikes; a missing file would leave these unfolded, so it is a fault."""
    import tomllib

    raw = tomllib.loads(resources.files("anxin.safety").joinpath("variants.toml").read_text("utf-8"))
    pairs = " ".join((raw["simplified"], raw["lookalike"])).split()
    return {pair[0]: pair[1:] for pair in pairs}


@cache
def _easy_table() -> Mapping[int, str]:
    table = {ord(old): new for old, new in _WIDE.items() if len(new) == 1}
    table |= {ord(old): new for old, new in _variants().items() if len(new) == 1}
    return table


def fold(text: str) -> View:
    """The plain view of a message."""
    if _EASY.fullmatch(text) and not _DOUBLE_SPACE.search(text):
        return View(text.lower() if text.isascii() else text.translate(_easy_table()).lower())
    variants = _variants()
    out: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if "\u4e00" <= char <= "\u9fff":
            new = variants.get(char, char)
        elif "a" <= char <= "z" or "0" <= char <= "9":
            new = char
        else:
            new = _hard(char, variants)
        if new == " " and out and out[-1] in " \n":
            continue
        if _inside_word(out, new[:1]):
            out.pop()
            places.pop()
        for piece in new:
            out.append(piece)
            places.append(place)
    return View("".join(out), places)


def fold_char(char: str) -> str:
    """One character folded alone, for text that arrives in pieces; apostrophes and spaces are left to the caller."""
    if "a" <= char <= "z":
        return char
    variants = _variants()
    if "\u4e00" <= char <= "\u9fff":
        return variants.get(char, char)
    return _hard(char, variants)


def _hard(char: str, variants: Mapping[str, str]) -> str:
    new = _WIDE.get(char) or variants.get(char)
    if new is not None:
        return new
    if char < "\x80":
        return char.lower() if char >= " " or char == "\n" else ""
    kept: list[str] = []
    for piece in unicodedata.normalize("NFKD", char):
        kind = unicodedata.category(piece)
        if kind in ("Mn", "Me", "Cf", "Cc", "Cs", "Co", "Cn"):
            continue
        if kind in ("Zs", "Zl", "Zp"):
            kept.append(" ")
            continue
        piece = _WIDE.get(piece) or variants.get(piece) or piece.lower()
        kept.append(variants.get(piece, piece))
    return "".join(kept)


def _inside_word(out: list[str], following: str) -> bool:
    """Whether the last character folded is an apostrophe between two letters: "don't" is read as "dont"."""
    return out[-1:] == ["'"] and _is_letter(following) and len(out) > 1 and _is_letter(out[-2])


def _is_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def other_views(plain: View) -> tuple[View, ...]:
    """The tight, loose and meant views, where they differ from the plain; their places point into the plain text."""
    text = plain.text
    found = [view for view in (_tight(text), _loose(text)) if view is not None]
    for view in (None, *found):
        meant = _meant(text if view is None else view.text)
        if meant is not None:
            found.append(meant if view is None else _through(view, meant))
    return tuple(found)


def clear(plain: View) -> View:
    """The plain text with every disguise read at once, for a reader that looks once; its places point into the plain
    text. Most texts come back as they are."""
    view = View(plain.text)
    for read in (_tight, _loose, _meant):
        further = read(view.text)
        if further is not None:
            view = _through(view, further)
    return view


def _through(outer: View, inner: View) -> View:
    """`inner` was made of the text of `outer`: its places, pointing to where those of `outer` do."""
    if outer.places is None:
        return inner
    spans = [outer.span(*inner.span(place, place + 1)) for place in range(len(inner.text))]
    return View(inner.text, [start for start, _ in spans], [end for _, end in spans])


def _tight(text: str) -> View | None:
    cuts = [match.span() for match in _SPLIT.finditer(text) if _tears(text, *match.span())]
    cuts += [(at, at + 1) for at in torn(text)] + thrown_in(text)
    return _without(text, _apart(cuts)) if cuts else None


def _meant(text: str) -> View | None:
    changes = sounded(text) + slipped(text)
    if not changes:
        return None
    pieces: list[str] = []
    places: list[int] = []
    ends: list[int] = []
    at = 0
    for change in sorted(changes, key=lambda change: change.start):
        if change.start < at:
            continue
        pieces += (text[at : change.start], change.new)
        places += [*range(at, change.start), *[change.start] * len(change.new)]
        ends += [*range(at + 1, change.start + 1), *[change.end] * len(change.new)]
        at = change.end
    pieces.append(text[at:])
    places += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    return View("".join(pieces), places, ends)


def _apart(cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, and what overlaps as one."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(cuts):
        if apart and start <= apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return apart


def _tears(text: str, start: int, end: int) -> bool:
    """Whether a separator may tear a word: a space between two longer clauses is only a way to write a comma."""
    long = _FOUR.fullmatch(text[max(0, start - 4) : start]) and _FOUR.fullmatch(text[end : end + 4])
    return " " not in text[start:end] or not long


def _loose(text: str) -> View | None:
    cuts: list[tuple[int, int]] = []
    read = _LEET_WORD.sub(lambda match: match.group().translate(_LEET), text)
    for run in _SPELLED.finditer(text):
        start, end = run.span()
        letters = run.group().translate(_LEET)
        gaps = [gap.span() for gap in _NOT_LETTER.finditer(run.group())]
        joined = _NOT_LETTER.sub("", run.group()).translate(_LEET)
        if len(joined) == 3 and joined not in _SPELLED_SHORT:
            continue
        cuts.extend((start + begin, start + stop) for begin, stop in gaps)
        read = read[:start] + letters + read[end:]
    if not cuts and read == text:
        return None
    return _without(read, cuts)


def _without(text: str, cuts: list[tuple[int, int]]) -> View:
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    for start, end in [*cuts, (len(text), len(text))]:
        pieces.append(text[at:start])
        places.extend(range(at, start))
        at = end
    return View("".join(pieces), places)
