"""The phrase language of the data files, and what it compiles to.

    plain text      itself, after the same folding as a message
    (a|b|c)         one of; (a|b)? one of or nothing; groups may nest
    [abc] [1-9] x?  one of these characters; the character x or nothing
    {name}          a named set from the file's [sets] table
    ~ or ~6         a gap inside one clause: up to 3 (or 6) characters in Chinese, words in English
    ~~8             the same, over commas too

No gap runs over a negator, so that "我不会自杀" is left to the phrase that begins after it and its context. English
phrases match whole words, and so does a Latin ending of a Chinese one. Every phrase must hold a literal that any match
contains (its anchors), so that a scan can leave out all phrases whose anchors are not in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from anxin.errors import ConfigError
from anxin.safety.normal import fold

__all__ = ["Any", "Gap", "Node", "Phrase", "nodes_of", "parse"]

_GAP = 3
_TOKEN = re.compile(r"[()|]|~~?\d*|\[[^\]]+\]|\?|[^()|~\[\]?]+")
# One space between words, however many the phrase writes around an optional group.
_SPACE = "(?: |(?<![a-z0-9]))"
_NEGATORS = "(?:not|no|never|dont|didnt|doesnt|wont|isnt|arent|wasnt|cant|cannot|havent|hasnt|without)"
_ASCII_WORD = re.compile(r"[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to `most` characters (Chinese) or words (English) of the same clause, or of the same sentence when `wide`."""

    most: int
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Any:
    """One of several sequences; an empty one makes the group optional."""

    choices: tuple[tuple[Node, ...], ...]


Node = str | Gap | Any


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase: the literals of which a match must hold one (`anchors`), and one of each of two other sets
    (`also` and `third`, which may be empty), and a search over folded text."""

    anchors: tuple[str, ...]
    also: tuple[str, ...]
    third: tuple[str, ...]
    literal: str
    regex: re.Pattern[str] | None
    english: bool

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the phrase stands in folded text, as start and end."""
        if self.regex is not None:
            for match in self.regex.finditer(text):
                yield match.span()
            return
        size = len(self.literal)
        at = text.find(self.literal)
        while at >= 0:
            if not self.english or _alone(text, at, at + size):
                yield at, at + size
            at = text.find(self.literal, at + 1)


def _alone(text: str, start: int, end: int) -> bool:
    before = start > 0 and _ASCII_WORD.match(text[start - 1]) and _ASCII_WORD.match(text[start])
    after = end < len(text) and _ASCII_WORD.match(text[end]) and _ASCII_WORD.match(text[end - 1])
    return not (before or after)


def parse(source: str, sets: Mapping[str, Sequence[str]], *, english: bool) -> Phrase:
    """Compile one phrase. Raises `ConfigError` naming the phrase when it cannot be read or holds no literal."""
    nodes = _read(_fill(source, sets), source, english=english)
    anchors, also, third = _anchors(nodes)
    if not anchors:
        raise ConfigError(f"phrase {source!r} has no word that every match contains; add one")
    if len(nodes) == 1 and isinstance(nodes[0], str) and (english or not _ASCII_WORD.match(nodes[0][-1])):
        return Phrase(anchors, (), (), nodes[0], None, english)
    body = _regex(nodes, english=english)
    # A Latin ending is a whole word: 想s is slang, 想sleep is not.
    body = f"(?<![a-z0-9]){body}(?![a-z0-9])" if english else f"{body}(?!(?<=[a-z])[a-z])"
    return Phrase(anchors, also, third, "", re.compile(body), english)


def nodes_of(source: str, sets: Mapping[str, Sequence[str]]) -> tuple[Node, ...]:
    """The parts of a phrase for the guard's machine, where gaps count characters in both languages."""
    return _read(_fill(source, sets), source, english=False)


def _fill(source: str, sets: Mapping[str, Sequence[str]]) -> str:
    def put(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in sets:
            raise ConfigError(f"phrase {source!r} uses the set {name!r}, which the file does not define")
        return "(" + "|".join(_fill(word, sets) for word in sets[name]) + ")"

    return re.sub(r"\{(\w+)\}", put, source)


def _read(filled: str, source: str, *, english: bool) -> tuple[Node, ...]:
    stack: list[list[list[Node]]] = [[[]]]
    place = 0
    while place < len(filled):
        match = _TOKEN.match(filled, place)
        if match is None:
            raise ConfigError(f"phrase {source!r} cannot be read at {filled[place:]!r}")
        token = match.group()
        place = match.end()
        if token == "(":
            stack.append([[]])
        elif token == "|":
            stack[-1].append([])
        elif token == ")":
            if len(stack) == 1:
                raise ConfigError(f"phrase {source!r} closes a group it never opened")
            choices = tuple(tuple(choice) for choice in stack.pop())
            stack[-1][-1].append(Any(choices))
        elif token == "?":
            _make_optional(stack[-1][-1], source)
        elif token.startswith("["):
            stack[-1][-1].append(Any(tuple((char,) for char in _class(token[1:-1]))))
        elif token.startswith("~"):
            size = token.lstrip("~")
            stack[-1][-1].append(Gap(int(size or _GAP), wide=token.startswith("~~")))
        else:
            text = fold(token).text
            if text:
                stack[-1][-1].append(text)
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ConfigError(f"phrase {source!r} leaves a group open or has a bar outside one")
    return _tidy(stack[0][0], english=english)


def _make_optional(nodes: list[Node], source: str) -> None:
    last = nodes.pop() if nodes else None
    if isinstance(last, Any):
        nodes.append(Any((*last.choices, ())))
    elif isinstance(last, str):
        if len(last) > 1:
            nodes.append(last[:-1])
        nodes.append(Any(((last[-1],), ())))
    else:
        raise ConfigError(f"phrase {source!r} has a question mark with nothing before it")


def _class(inside: str) -> list[str]:
    found: list[str] = []
    place = 0
    while place < len(inside):
        if inside[place + 1 : place + 2] == "-" and place + 2 < len(inside):
            found += [chr(code) for code in range(ord(inside[place]), ord(inside[place + 2]) + 1)]
            place += 3
        else:
            found.append(inside[place])
            place += 1
    return found


def _tidy(nodes: list[Node], *, english: bool) -> tuple[Node, ...]:
    """In English the space before a gap belongs to the gap, so that `kill ~2 myself` also means `kill myself`."""
    if not english:
        return tuple(nodes)
    tidy: list[Node] = []
    for place, node in enumerate(nodes):
        following = nodes[place + 1] if place + 1 < len(nodes) else None
        if isinstance(node, str) and isinstance(following, Gap):
            node = node.rstrip(" ")
            if not node:
                continue
        tidy.append(node)
    return tuple(tidy)


def _regex(nodes: tuple[Node, ...], *, english: bool) -> str:
    parts: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            parts.append(_literal(node) if english else re.escape(node))
        elif isinstance(node, Gap):
            one = _gap_character(node, english=english)
            # A wide gap of no words still runs over a comma: "in my room, im 11".
            comma = ",?" if english and node.wide else ""
            parts.append(f"{one}{{0,{node.most}}}?{comma}")
        else:
            parts.append("(?:" + "|".join(_regex(choice, english=english) for choice in node.choices) + ")")
    return "".join(parts)


def _literal(text: str) -> str:
    """Only spaces at its edges may meet the space of a neighbouring group."""
    inner = re.escape(text.strip(" "))
    before = _SPACE if text.startswith(" ") else ""
    return f"{before}{inner}{_SPACE}" if inner and text.endswith(" ") else f"{before}{inner}"


def _gap_character(gap: Gap, *, english: bool) -> str:
    if english:
        comma = ",?" if gap.wide else ""
        # Possessive: a word is taken whole, or a long one could be cut up in exponentially many ways.
        return rf"(?:{comma}{_SPACE}(?!{_NEGATORS}\b)[^\s,.!?;:]++{comma})"
    return r"[^.!?;:\n不没别无非]" if gap.wide else r"[^,.!?;:\n不没别无非]"


def _anchors(nodes: tuple[Node, ...]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The three best sets of literals of each of which every match holds at least one: long first, then few."""
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for node in nodes:
        words: tuple[str, ...] = ()
        if isinstance(node, str):
            words = (node.strip(" "),) if node.strip(" ") else ()
        elif isinstance(node, Any):
            inner = [_anchors(choice)[0] for choice in node.choices]
            words = tuple(dict.fromkeys(word for words in inner for word in words)) if all(inner) else ()
        if words:
            found.setdefault(frozenset(words), words)
    ranked = sorted(found.values(), key=_worth, reverse=True)
    best, second, third = [*ranked, (), (), ()][:3]
    return best, second, third


def _worth(anchors: tuple[str, ...]) -> tuple[int, int]:
    return min(3, *(len(anchor.strip()) for anchor in anchors)), -len(anchors)
