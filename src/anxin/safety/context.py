"""Reading a hit in its context: negation, whose it is, when it was, whether it is told of a story.

Every rule here may lower a level, so each asks for plain evidence; where it is missing the hit stands (when unsure,
up). Rules read the folded plain text; the words they look for are authored in `context.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from anxin.safety.verdict import Cue, Subject

__all__ = ["REACH", "Reading", "names_oneself", "read", "short_answer"]

_CLAUSE_END = re.compile(r"[,.!?;:\n]")
_SENTENCE_END = re.compile(r"[.!?;\n]")
_QUESTION = re.compile(r"[^.!?;\n]{0,25}\?")
# A single quotation mark stands at the edge of a word; those inside one are gone after folding.
_OPENED = re.compile(r"(?:^|[ (:,])'[^']*$")
_CLOSED = re.compile(r"^[^']*'(?![a-z0-9])")
_MURMUR = re.compile(r" ?嗯+ ?~?")
_GOES_ON = re.compile(
    r"我?(?:都|也|确实|真的|一直|经常|常常|偶尔)?(?:有|是|想|对|会|在|要|准备|打算|可能|今|明|现|就今|就在|很想|很强|很久)"
)
REACH = 60  # characters read on either side of a hit


@dataclass(frozen=True, slots=True)
class Reading:
    """How a hit is meant."""

    negated: bool
    subject: Subject


@dataclass(frozen=True, slots=True)
class _Words:
    not_negators: re.Pattern[str]
    negation: re.Pattern[str]
    after: re.Pattern[str]
    oneself: re.Pattern[str]
    other: re.Pattern[str]
    addressed: re.Pattern[str]
    speech: re.Pattern[str]
    past: re.Pattern[str]
    present: re.Pattern[str]
    real: re.Pattern[str]
    told: re.Pattern[str]
    place_of_story: re.Pattern[str]
    asked: re.Pattern[str]
    answered_no: re.Pattern[str]
    taken_back: re.Pattern[str]
    bare: re.Pattern[str]
    study: re.Pattern[str]
    quoted: re.Pattern[str]


def read(text: str, start: int, end: int, *, english: bool) -> Reading:
    """How the hit `text[start:end]` of folded text is meant."""
    words = _words(english)
    left = max(0, start - REACH)
    before = text[left:start]
    after = text[end : end + REACH]
    clause = before[_last(_CLAUSE_END, before) :]
    sentence = before[_last(_SENTENCE_END, before) :]
    hit = text[start:end]
    negated = _negated(words, clause, after) or _asked_and_denied(words, sentence + hit, after)
    subject = _subject(words, clause, sentence, hit)
    if subject is not Subject.OTHER:
        tail = after[: _first(_SENTENCE_END, after)]
        whole = sentence + hit + tail
        in_story = words.place_of_story.search(whole) or (
            subject is Subject.NONE and words.told.search(whole) and not words.oneself.search(whole)
        )
        if not in_story and words.bare.fullmatch(hit) and not words.taken_back.search(before + after):
            # The bare word, without anybody's wish or deed: talk about the topic where the message studies it.
            in_story = words.study.search(before + after)
        if not in_story and _in_quotes(before, after):
            in_story = words.quoted.search(before + after)
        if in_story and not words.real.search(whole):
            subject = Subject.FICTION
        elif words.past.search(whole) and not words.present.search(whole):
            subject = Subject.PAST
        else:
            subject = Subject.SELF
    return Reading(negated, subject)


def names_oneself(text: str, *, english: bool) -> bool:
    """Whether folded text speaks of the client in the first person, other than as the one who was told."""
    words = _words(english)
    return words.oneself.search(words.addressed.sub("", text)) is not None


def _negated(words: _Words, clause: str, after: str) -> bool:
    # Words such as 恨不得 or "can't stop" hold a negator and mean its opposite: blank them before looking.
    plain = words.not_negators.sub(lambda match: "\x00" * len(match.group()), clause)
    return bool(words.negation.search(plain) or words.after.match(after))


def _asked_and_denied(words: _Words, asked: str, after: str) -> bool:
    """A question told and a plain no after it: "Do I want to die? No.", "the nurse asked if I do, I don't"."""
    mark = _QUESTION.match(after) if "?" in after else None
    told = words.asked.search(asked) is not None
    if mark is None and not told:
        return False
    no = words.answered_no.search(after)
    if no is None or words.taken_back.search(after):
        return False
    return told or (mark is not None and mark.end() <= no.start() + 1)


def _in_quotes(before: str, after: str) -> bool:
    if before.count('"') % 2 and '"' in after:
        return True
    if before.rfind("<") > before.rfind(">") and ">" in after:
        return True
    return _OPENED.search(before) is not None and _CLOSED.search(after) is not None


def _subject(words: _Words, clause: str, sentence: str, hit: str) -> Subject:
    if _leads(words.other, hit) and not _leads(words.oneself, hit):
        return Subject.OTHER
    if words.oneself.search(hit):
        return Subject.SELF
    here = _nearest(words, clause)
    if here is not Subject.NONE:
        return here
    earlier = sentence[: len(sentence) - len(clause)]
    if earlier and (words.speech.search(clause) or words.speech.search(earlier[-8:])):
        said = _nearest(words, earlier)
        if said is Subject.OTHER:
            return said
    if words.oneself.search(sentence):
        return Subject.SELF
    return Subject.NONE


def _leads(pattern: re.Pattern[str], hit: str) -> bool:
    match = pattern.search(hit[:12])
    return match is not None and match.start() <= 1


def _nearest(words: _Words, text: str) -> Subject:
    mine = _last_start(words.oneself, text)
    theirs = _last_start(words.other, text)
    if mine < 0 and theirs < 0:
        return Subject.NONE
    return Subject.OTHER if theirs > mine else Subject.SELF


def _last_start(pattern: re.Pattern[str], text: str) -> int:
    place = -1
    for match in pattern.finditer(text):
        place = match.end()
    return place


def _last(pattern: re.Pattern[str], text: str) -> int:
    place = 0
    for match in pattern.finditer(text):
        place = match.end()
    return place


def _first(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.search(text)
    return match.start() if match else len(text)


def short_answer(text: str) -> tuple[Cue, ...]:
    """A bare yes, no or "tonight": it means nothing alone, and much after a direct question."""
    first, *rest = _CLAUSE_END.split(text.strip(" ,.!?~\n"), maxsplit=1)
    following = rest[0].lstrip(" ,.!?;:~\n") if rest else ""
    if _MURMUR.fullmatch(first) and following:
        second = _CLAUSE_END.split(following, maxsplit=1)[0].strip(" ~")
        if any(second in words for words in _answers().values()):
            first = second
        elif not _GOES_ON.match(following):
            return ()  # "mm... just tired" takes breath, it does not answer
    first = first.strip(" ~")
    return tuple(cue for cue, words in _answers().items() if first in words)


@cache
def _answers() -> Mapping[Cue, frozenset[str]]:
    raw = _table()["answers"]
    return {cue: frozenset(raw[cue.value]) for cue in (Cue.YES, Cue.NO, Cue.SOON)}


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("anxin.safety").joinpath("context.toml").read_text("utf-8"))


@cache
def _words(english: bool) -> _Words:
    table: Mapping[str, Any] = _table()["en" if english else "zh"]
    edge = (r"(?<![a-z0-9])", r"(?![a-z0-9])") if english else ("", "")
    space = " ?" if english else ""

    def one_of(words: Sequence[str]) -> str:
        return "(?:" + "|".join(words) + ")"

    def any_word(name: str) -> re.Pattern[str]:
        return re.compile(edge[0] + one_of(table[name]) + edge[1])

    negation = edge[0] + one_of(table["negators"]) + f"(?:{space}{one_of(table['fillers'])})*{space}$"
    after = space + one_of(table["after"]) + edge[1]
    return _Words(
        not_negators=any_word("not_negators"),
        negation=re.compile(negation),
        after=re.compile(after),
        oneself=any_word("oneself"),
        other=any_word("other"),
        addressed=any_word("addressed"),
        speech=any_word("speech"),
        past=any_word("past"),
        present=any_word("present"),
        real=any_word("real"),
        told=any_word("told"),
        place_of_story=any_word("place_of_story"),
        asked=any_word("asked"),
        answered_no=any_word("answered_no"),
        taken_back=any_word("taken_back"),
        bare=any_word("bare"),
        study=any_word("study"),
        quoted=any_word("quoted"),
    )
