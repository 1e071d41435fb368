"""Who is called what instead: one cast for one conversation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from anxin.corpus.personal.chinese import shape
from anxin.corpus.personal.reading import HAN, plain, table
from anxin.corpus.personal.span import Kind
from anxin.dialogue import Language

__all__ = ["Cast", "bracketed", "institution"]

_HAN = re.compile(f"[{HAN}]")
_TITLE = re.compile(
    r"((?:Dr|Mr|Mrs|Ms|Miss|Prof|Professor|Doctor|Nurse|Pastor|Father|Rev|Reverend|Coach|Officer|Detective|Sergeant"
    r"|Captain|Judge"
    r"|Principal|Dean|Rabbi|Imam|Sister|Brother|Uncle|Aunt|Auntie|Aunty|Grandma|Grandpa|Nana|Big|Little|Old|Mx|Sir"
    r"|Lady|Granny|Gran)\.? )"
)
_WITH_SURNAME = re.compile(
    r"(?:Dr|Mr|Mrs|Ms|Miss|Prof|Professor|Doctor|Officer|Detective|Sergeant|Captain|Judge|Mx|Rev|Reverend)\.? "
)


class Cast:
    """The stand-ins of one conversation: the same person gets the same one, two people never share one.

    Made for one sample and thrown away after it. What is drawn depends on `seed` and the names alone. `avoid` is all
    that was said: no stand-in that already stands there is given to anyone.
    """

    def __init__(self, seed: str, names: Iterable[str], avoid: str) -> None:
        self._random = Random(int.from_bytes(sha256(seed.encode()).digest()[:8], "big"))
        self._avoid = avoid
        self._given: dict[str, str] = {}
        self._taken: dict[tuple[str, str], str] = {}
        self._pools: dict[str, list[str]] = {}
        self._persons: dict[str, str] = {}
        seen = list(dict.fromkeys(names))
        # The longest first: "明轩" and "小李" are read by the full name that explains them.
        for name in sorted(seen, key=lambda name: (-len(name), seen.index(name))):
            self._given[name] = self._invent(name)
        numbers: dict[str, int] = {}
        self._numbers = {name: numbers.setdefault(self._person(name, seen), len(numbers) + 1) for name in seen}

    def named(self, name: str) -> str:
        """The stand-in of a name, in the form in which it was said: 小, surname and title stay where they were."""
        return self._given[name]

    def number(self, name: str) -> int:
        """Which person of the conversation it is, from 1."""
        return self._numbers[name]

    def _invent(self, name: str) -> str:
        return self._chinese(name) if _HAN.search(name) else self._english(name)

    def _chinese(self, name: str) -> str:
        parts = shape(plain(name))
        raw = table("stand_ins")["zh"]
        surname = self._draw("surname", parts.surname, raw["surnames"].split()) if parts.surname else ""
        title = name[len(name) - len(parts.title) :] if parts.title else ""
        return parts.prefix + surname + self._called(parts.given, raw["given"].split()) + title

    def _called(self, given: str, pool: list[str]) -> str:
        if not given:
            return ""
        if len(given) == 1 or (len(given) == 2 and given[0] == given[1]):
            return self._draw("character", given[0], [pair[-1] for pair in pool]) * len(given)
        drawn = self._draw("given", given, pool, free=lambda pair: ("character", pair[-1]) not in self._used())
        self._taken.setdefault(("character", given[-1]), drawn[-1])
        return drawn

    def _used(self) -> set[tuple[str, str]]:
        return {(kind, stand_in) for (kind, _), stand_in in self._taken.items()}

    def _english(self, name: str) -> str:
        raw = table("stand_ins")["en"]
        first, last = raw["first"].split(), raw["last"].split()
        match = _TITLE.match(name)
        title = match.group() if match else ""
        pieces = name[len(title) :].split()
        key = pieces[-1].casefold()
        surname_only = len(pieces) == 1 and (
            _WITH_SURNAME.fullmatch(title) is not None
            or (("last", key) in self._taken and ("first", key) not in self._taken)
        )
        if surname_only:
            made = self._draw("last", key, last)
        else:
            made = self._draw("first", pieces[0].casefold(), first)
            if len(pieces) > 1:
                made += " " + self._draw("last", key, last)
        return title + (made.lower() if name.islower() else made)

    def _draw(self, kind: str, key: str, pool: list[str], free: Callable[[str], bool] = lambda _: True) -> str:
        """The stand-in already given to this one, or the next of a shuffled pool that nobody has."""
        known = self._taken.get((kind, key))
        if known is not None:
            return known
        if kind not in self._pools:
            self._pools[kind] = self._random.sample(pool, len(pool))
        left, used = self._pools[kind], self._used()
        for at, one in enumerate(left):
            if one not in self._avoid and free(one) and (kind, one) not in used:
                self._taken[kind, key] = one
                del left[at]
                return one
        # More people than names: numbered, so that two never become one.
        made = f"{pool[0]}{sum(1 for taken, _ in self._taken if taken == kind) + 1}"
        self._taken[kind, key] = made
        return made

    def _person(self, name: str, names: list[str]) -> str:
        """The fullest of the names that mean the same person."""
        if _HAN.search(name):
            return _chinese_person(name, tuple(one for one in names if _HAN.search(one)))
        bare = _TITLE.sub("", name, count=1).casefold()
        for other in sorted(names, key=len, reverse=True):
            pieces = _TITLE.sub("", other, count=1).casefold().split()
            if bare == " ".join(pieces) or (len(pieces) > 1 and bare in (pieces[0], pieces[-1])):
                return " ".join(pieces)
        return bare


def _chinese_person(name: str, names: tuple[str, ...]) -> str:
    parts = shape(plain(name))
    full = [one for one in map(shape, map(plain, names)) if one.surname and one.given]
    if parts.surname and parts.given:
        return parts.surname + parts.given
    if parts.given:
        same = [
            one
            for one in full
            if one.given == parts.given or (len(set(parts.given)) == 1 and one.given[-1] == parts.given[0])
        ]
    else:
        # 小李 and 老李 are the one 李 there is; 李老师 may be another.
        same = [one for one in full if one.surname == parts.surname and (parts.prefix or one.title)]
    people = {one.surname + one.given for one in same}
    return people.pop() if len(people) == 1 else parts.given[-1:] * 2 or parts.surname + parts.title


@cache
def _words(language: Language) -> dict[str, str]:
    return dict(table("stand_ins")["words"][language])


def bracketed(kind: Kind, language: Language, number: int | None) -> str:
    """〔电话〕, [phone 2]."""
    word = _words(language)[kind]
    if language == "zh":
        return f"〔{word}{number or ''}〕"
    return f"[{word} {number}]" if number else f"[{word}]"


def institution(text: str, kind: Kind, language: Language, letter: str) -> str:
    """A大学, Hospital B."""
    endings: list[Any] = table("stand_ins")["institutions"][f"{kind}_{language}"]
    read = plain(text)
    ending = next((one for one in endings if one.casefold() in read.casefold()[-12:]), endings[-1])
    return f"{letter}{ending}" if language == "zh" else f"{ending} {letter}"
