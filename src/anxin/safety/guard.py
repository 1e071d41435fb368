"""The output guard: a reply is checked while it streams, and an unsafe span never reaches the client.

One object per reply. Text is folded and matched character by character; what might become part of a forbidden span is
held back from where that span would begin, and no more. When a span is complete the guard trips: what was held is
dropped, the turn ends with the authored replacement. Rules and replacements are data (`guard_zh.toml`, `guard_en.toml`,
read by `forbidden.py`).

The lag is bounded: never more than `LAG` characters that count wait (those that fold to nothing, such as zero-width
ones, and spaces in a row do not count). Most wait for one to four, because a phrase dies at its first wrong character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from anxin.dialogue import Language
from anxin.safety.contact import Links, Numbers
from anxin.safety.forbidden import Rule, Rules, rules
from anxin.safety.jurisdiction import Jurisdiction
from anxin.safety.lines import allowed_numbers, allowed_sites
from anxin.safety.normal import fold_char

__all__ = ["LAG", "Guard"]

LAG = 320  # characters; an address may be long, a phrase is not (tests/safety/test_guard.py measures both)

_RECENT = 160  # folded characters remembered, for what stands just before a match
_CLAUSE = re.compile(r"[,.!?;:\n]")
_ENDS = frozenset(".!?;\n")
_FAULT: Mapping[Language, str] = {
    "zh": "我这句话没有说好，先停一下。你现在最想说的是什么？",
    "en": "I didn't say that well, let me stop here. What would you most like to say?",
}


@dataclass(slots=True)
class _Doubt:
    """A complete phrase whose meaning the rest of its sentence may still turn round."""

    rule: Rule
    start: int
    after: str = ""


class Guard:
    """Checks one reply. `feed` what the model says, show what it returns, `finish` at the end.

    Total: a fault inside trips the guard. `tripped` names the rule once a forbidden span was found, and `replacement`
    is then the authored text that ends the turn. A `jurisdiction` adds the words Anxin may not use of itself.
    """

    __slots__ = (
        "_doubts",
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

    def __init__(self, language: Language, jurisdiction: Jurisdiction | None = None) -> None:
        self._language: Language = language
        self.tripped: str | None = None
        self._held = ""  # text not shown yet; it begins at place `_shown` of the reply
        self._shown = 0
        self._end = 0  # how much of the reply has been read
        self._recent: list[tuple[int, str]] = []
        self._live: dict[int, int] = {}
        self._pending: tuple[int, int] | None = None
        self._doubts: list[_Doubt] = []
        self._rules: Rules | None = None
        try:
            self._rules = rules() if jurisdiction is None else rules(jurisdiction.claims)
            self._numbers = Numbers(allowed_numbers())
            self._links = Links(allowed_sites())
        except Exception:  # without rules nothing a model says may pass
            self._break()

    @property
    def replacement(self) -> str:
        """The authored text that stands in for the rest of the reply; empty while nothing has tripped."""
        if self.tripped is None:
            return ""
        plain = _FAULT.get(self._language, _FAULT["en"])
        if self._rules is None:
            return plain
        return self._rules.instead.get(self._language, {}).get(self.tripped) or plain

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
            self._break()
            return ""

    def finish(self) -> str:
        """The reply is over; the text still held that may be shown."""
        if self.tripped is not None:
            return ""
        try:
            self._last()
            if self.tripped is not None:
                return self._release()
            rest, self._held = self._held, ""
            return rest
        except Exception:  # as above
            self._break()
            return ""

    def _break(self) -> None:
        self._held = ""
        self.tripped = "fault"

    def _last(self) -> None:
        """What stands complete at the reply's very end."""
        if self._pending is not None:
            self._found(*self._pending)
        if self.tripped is None:
            self._weigh("\n")
        for reader in (self._numbers, self._links):
            start = reader.hold
            if self.tripped is None and reader.finish():
                self._trip("contact", self._shown if start is None else start)

    def _take(self, char: str) -> bool:
        place = self._end
        self._end += 1
        return any(self._read(folded, place) for folded in fold_char(char))

    def _read(self, char: str, place: int) -> bool:
        """One folded character; True when the guard trips."""
        if char == "您":
            char = "你"
        recent = self._recent
        last = recent[-1][1] if recent else "\n"
        before = (
            "".join(pair[1] for pair in recent[-24:])
            if "0" <= char <= "9" or char in "零〇一二三四五六七八九幺"
            else ""
        )
        if char != "'" and (self._contact(char, place, before) or self._weigh(char)):
            return True
        if char in "'*_`" or (char == " " and (last == " " or last > "\u2e80")):
            # Markup, doubled spaces and spaces after Chinese characters must not hide a phrase.
            return False
        recent.append((place, char))
        if len(recent) > 2 * _RECENT:
            del recent[:_RECENT]
        word = "a" <= char <= "z" or "0" <= char <= "9"
        if self._pending is not None and not word:
            rule, start = self._pending
            if self._found(rule, start, char):
                return True
        self._pending = None
        if char == '"' or (char == "\n" and last > "\u2e80"):
            return False
        return self._match(" " if char == "\n" and "a" <= last <= "z" else char, last, place, word=word)

    def _match(self, char: str, last: str, place: int, *, word: bool) -> bool:
        """Take the machine one character further; True when the guard trips."""
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
                if self._found(rule, start):
                    return True
            elif self._pending is None or start < self._pending[1]:
                self._pending = (rule, start)
        return False

    def _found(self, number: int, start: int, after: str = "") -> bool:
        """A phrase stands complete: trip, or wait for what the sentence goes on to say."""
        assert self._rules is not None
        rule = self._rules.rules[number]
        if rule.then is None:
            return self._trip(rule.name, start)
        if any(doubt.rule is rule and doubt.start == start for doubt in self._doubts):
            return False
        self._doubts.append(_Doubt(rule, start))
        return bool(after) and self._weigh(after, self._doubts[-1:])

    def _weigh(self, char: str, doubts: list[_Doubt] | None = None) -> bool:
        """One more character after phrases in doubt; True when one of them is not excused."""
        for doubt in tuple(self._doubts if doubts is None else doubts):
            doubt.after += char
            assert doubt.rule.then is not None
            if doubt.rule.then.search(doubt.after):
                self._doubts.remove(doubt)
            elif char in _ENDS or len(doubt.after) >= doubt.rule.wait:
                return self._trip(doubt.rule.name, doubt.start)
        return False

    def _contact(self, char: str, place: int, before: str) -> bool:
        start = self._numbers.hold
        if self._numbers.read(char, place, before):
            return self._trip("contact", place if start is None else start)
        start = self._links.hold
        if self._links.read(char, place):
            return self._trip("contact", place if start is None else start)
        return False

    def _excused(self, rule: Rule, start: int) -> bool:
        """Whether the words just before, in the same clause, turn the meaning round."""
        if rule.unless is None:
            return False
        text = "".join(char for place, char in self._recent if place < start)[-rule.reach :]
        clause = _CLAUSE.split(text)[-1]
        return rule.unless.search(clause) is not None

    def _trip(self, name: str, start: int) -> bool:
        """Stop, and keep nothing from `start` on."""
        self._held = self._held[: max(0, min(start, self._hold()) - self._shown)]
        self.tripped = name
        return True

    def _hold(self) -> int:
        """The place from which the text must wait."""
        holds = [self._end, *self._live.values(), *(doubt.start for doubt in self._doubts)]
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
