"""The output guard: a reply is checked while it streams, and an unsafe span never reaches the client.

One object per reply. Text is folded and matched character by character; what might become part of a forbidden span is
held back from where that span would begin, and no more. When a span is complete the guard trips: what was held is
dropped, the turn ends with the authored replacement. Rules and replacements are data (`guard.toml`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from anxin.dialogue import Language
from anxin.errors import ConfigError
from anxin.safety.contact import Links, Numbers
from anxin.safety.lines import allowed_numbers, allowed_sites
from anxin.safety.machine import Machine, build
from anxin.safety.normal import fold_char
from anxin.safety.pattern import nodes_of

__all__ = ["Guard"]

_RECENT = 160  # folded characters remembered, for what stands just before a match
_CLAUSE = re.compile(r"[,.!?;:\n]")
_REACH = {"zh": 8, "en": 24}
_FAULT: Mapping[Language, str] = {
    "zh": "我这句话没有说好，先停一下。你现在最想说的是什么？",
    "en": "I didn't say that well, let me stop here. What would you most like to say?",
}


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    unless: re.Pattern[str] | None
    reach: int


@dataclass(frozen=True, slots=True)
class _Rules:
    machine: Machine
    rules: tuple[_Rule, ...]
    instead: Mapping[str, Mapping[str, str]]


class Guard:
    """Checks one reply. `feed` what the model says, show what it returns, `finish` at the end.

    Total: a fault inside trips the guard. `tripped` names the rule once a forbidden span was found, and `replacement`
    is then the authored text that ends the turn.
    """

    __slots__ = (
        "_end",
        "_held",
        "_language",
        "_links",
        "_live",
        "_numbers",
        "_pending",
        "_recent",
        "_rules",
        "_shown",
        "tripped",
    )

    def __init__(self, language: Language) -> None:
        self._language: Language = language
        self.tripped: str | None = None
        self._held = ""  # text not shown yet; it begins at place `_shown` of the reply
        self._shown = 0
        self._end = 0  # how much of the reply has been read
        self._recent: list[tuple[int, str]] = []
        self._live: dict[int, int] = {}
        self._pending: tuple[int, int] | None = None
        self._rules: _Rules | None = None
        try:
            self._rules = _rules()
            self._numbers = Numbers(allowed_numbers())
            self._links = Links(allowed_sites())
        except Exception:  # without rules nothing a model says may pass
            self.tripped = "fault"

    @property
    def replacement(self) -> str:
        """The authored text that stands in for the rest of the reply; empty while nothing has tripped."""
        if self.tripped is None:
            return ""
        if self._rules is None:
            return _FAULT.get(self._language, _FAULT["en"])
        instead = self._rules.instead.get(self._language, {})
        return instead.get(self.tripped) or _FAULT.get(self._language, _FAULT["en"])

    def feed(self, text: str) -> str:
        """Take a piece of the reply; the text that may be shown now, possibly empty."""
        if self.tripped is not None:
            return ""
        try:
            self._held += text
            for char in text:
                if self._take(char):
                    break
            return self._release()
        except Exception:  # the room's outer door: a broken guard lets nothing through
            self._trip("fault", self._shown)
            return ""

    def finish(self) -> str:
        """The reply is over; the text still held that may be shown."""
        if self.tripped is not None:
            return ""
        try:
            if self._pending is not None:
                self._trip(self._named(self._pending[0]), self._pending[1])
            elif self._numbers.finish():
                self._trip("contact", self._numbers.hold or 0)
            elif self._links.finish():
                self._trip("contact", self._links.hold or 0)
            if self.tripped is not None:
                return self._release()
            rest, self._held = self._held, ""
            return rest
        except Exception:  # as above
            self._trip("fault", self._shown)
            return ""

    def _take(self, char: str) -> bool:
        place = self._end
        self._end += 1
        return any(self._read(folded, place) for folded in fold_char(char))

    def _read(self, char: str, place: int) -> bool:
        """One folded character; True when the guard trips."""
        recent = self._recent
        last = recent[-1][1] if recent else "\n"
        if char in " '" and (char == "'" or last == " " or last > "\u2e80"):
            # Apostrophes, doubled spaces and spaces after Chinese characters must not hide a phrase. Numbers and links
            # still see them.
            return self._contact(char, place, "".join(pair[1] for pair in recent[-24:])) if char == " " else False
        before = (
            "".join(pair[1] for pair in recent[-24:])
            if "0" <= char <= "9" or char in "零〇一二三四五六七八九幺"
            else ""
        )
        recent.append((place, char))
        if len(recent) > 2 * _RECENT:
            del recent[:_RECENT]
        if self._contact(char, place, before):
            return True
        word = "a" <= char <= "z" or "0" <= char <= "9"
        if self._pending is not None:
            rule, start = self._pending
            self._pending = None
            if not word:
                return self._trip(self._named(rule), start)
        rules = self._rules
        assert rules is not None
        starts = not word or not ("a" <= last <= "z" or "0" <= last <= "9")
        if not self._live and not (starts and char in rules.machine.first):
            return False
        self._live = rules.machine.advance(self._live, char, place, starts=starts)
        for state, start in self._live.items():
            rule = rules.machine.accepts[state]
            if rule < 0 or self._excused(rules.rules[rule], start):
                continue
            if not word:
                return self._trip(rules.rules[rule].name, start)
            if self._pending is None or start < self._pending[1]:
                self._pending = (rule, start)
        return False

    def _contact(self, char: str, place: int, before: str) -> bool:
        start = self._numbers.hold
        if self._numbers.read(char, place, before):
            return self._trip("contact", place if start is None else start)
        start = self._links.hold
        if self._links.read(char, place):
            return self._trip("contact", place if start is None else start)
        return False

    def _excused(self, rule: _Rule, start: int) -> bool:
        """Whether the words just before, in the same clause, turn the meaning round."""
        if rule.unless is None:
            return False
        text = "".join(char for place, char in self._recent if place < start)[-rule.reach :]
        clause = _CLAUSE.split(text)[-1]
        return rule.unless.search(clause) is not None

    def _named(self, rule: int) -> str:
        assert self._rules is not None
        return self._rules.rules[rule].name

    def _trip(self, name: str, start: int) -> bool:
        """Stop, and keep nothing from `start` on."""
        self._held = self._held[: max(0, min(start, self._hold()) - self._shown)]
        self.tripped = name
        return True

    def _hold(self) -> int:
        """The place from which the text must wait."""
        holds = [self._end, *self._live.values()]
        if self._pending is not None:
            holds.append(self._pending[1])
        for place in (self._numbers.hold, self._links.hold):
            if place is not None:
                holds.append(place)
        return min(holds)

    def _release(self) -> str:
        if self.tripped is not None:
            free, self._held = self._held, ""
            return free
        ready = self._hold() - self._shown
        free, self._held = self._held[:ready], self._held[ready:]
        self._shown += ready
        return free


@cache
def _rules() -> _Rules:
    raw = tomllib.loads(resources.files("anxin.safety").joinpath("guard.toml").read_text("utf-8"))
    rules: list[_Rule] = []
    phrases = []
    for row in raw["rule"]:
        number = len(rules)
        english = row["lang"] == "en"
        rules.append(_Rule(row["name"], _unless(row.get("unless", ()), english=english), _REACH[row["lang"]]))
        phrases += [(nodes_of(say, raw["sets"]), number) for say in row["say"]]
    named = {rule.name for rule in rules} | {"contact", "fault"}
    for language in ("zh", "en"):
        missing = named - raw["instead"][language].keys()
        if missing:
            raise ConfigError(
                f"guard.toml has no replacement for {min(missing)!r} in {language}; add one under [instead]"
            )
    return _Rules(build(phrases), tuple(rules), raw["instead"])


def _unless(words: tuple[str, ...], *, english: bool) -> re.Pattern[str] | None:
    if not words:
        return None
    if english:
        return re.compile(r"\b(?:" + "|".join(re.escape(word.replace("'", "")) for word in words) + r")\b")
    # A single 不 turns the meaning only right before the phrase; longer words may stand a little further off.
    single = "".join(word for word in words if len(word) == 1)
    longer = [re.escape(word) for word in words if len(word) > 1]
    parts = [*longer, *([f"[{single}][^,]?$"] if single else [])]
    return re.compile("|".join(parts))
