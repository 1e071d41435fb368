"""The screen: one message in, one verdict out, whatever the message and whatever breaks.

    fold -> find lexicon rows in every view -> set aside what idioms cover -> read each hit in its context -> judge
         -> the learned screen may raise it, never lower it

A fault inside gives a verdict of T2 or more that names it: doubt counts as risk.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from anxin.safety.context import REACH, names_oneself, read, short_answer
from anxin.safety.learned import Estimate, Learned, Limits, learned
from anxin.safety.lexicon import Lexicon, Row, lexicon
from anxin.safety.normal import View, clear, fold, other_views
from anxin.safety.verdict import MOST_EVIDENCE, Action, Concern, Cue, Evidence, Risk, Subject, Verdict

__all__ = ["screen", "warm"]

_MOST_STANDING = 4  # standing hits of one row; more of the same adds nothing and a long text must stay cheap
_MOST_READ = 200  # contexts read for one row; beyond that a hit stands unread, for doubt counts as risk
_LEARNED = "the learned screen: worded like messages of someone at risk"
_SHORT = 80  # characters up to which a message is its own evidence
_MOST_SENTENCES = 16
_MOST_READ_WHOLE = 2_000  # characters of either end of a long message that the learned screen reads
_FEWEST = 5  # below that ("再见", "tonight") only the lexicon and the question asked before can say what is meant
_SAID = re.compile(r"[a-z]+|[\u3400-\u9fff]")
_WARY = 4  # how much less doubt may be left where the lexicon has explained the words
_SENTENCE = re.compile(r"[^.!?;\n]*[^.!?;\n\s][^.!?;\n]*")
_DENIABLE = (Cue.SAFE, Cue.HELPED)  # "I haven't called 911" is no call
_STEADY = {"self": Subject.SELF, "other": Subject.OTHER, "past": Subject.PAST}
_RANK = (Subject.SELF, Subject.OTHER, Subject.PAST, Subject.FICTION, Subject.IDIOM, Subject.NONE)


@dataclass(frozen=True, slots=True)
class _Hit:
    """A row found: where it stands in the plain text, and the view and place it was read in."""

    row: Row
    start: int
    end: int
    text: str
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class _Finding:
    row: Row
    start: int
    end: int
    level: Risk
    subject: Subject


def screen(text: str) -> Verdict:
    """The verdict on one message. Total: any string is accepted, and any fault inside counts as risk (T2)."""
    try:
        return _screen(text)
    except Exception as error:  # the room's outer door: a broken screen must not read as "nothing found"
        return Verdict(Risk.T2, action=Action.SUPPORT, fault=f"screen: {type(error).__name__}")


def warm() -> None:
    """Read the lexicon and the learned model now (about a second), so that no client waits for them. Total."""
    screen("还没有人说话，不想说也可以 nobody has said anything yet")


def _screen(text: str) -> Verdict:
    plain = fold(text)
    views = other_views(plain)
    try:
        verdict, explained = _by_lexicon(plain, views)
    except Exception as error:  # the learned screen may still hear what is grave
        verdict, explained = Verdict(Risk.T2, action=Action.SUPPORT, fault=f"screen: {type(error).__name__}"), False
    try:
        return _raised(verdict, plain, clear(plain) if views else View(plain.text), learned(), explained=explained)
    except Exception as error:  # without its second reader a quiet message cannot be called quiet
        risk = max(verdict.risk, Risk.T2)
        action = _action(risk, ()) if verdict.action is Action.CONVERSE else verdict.action
        return replace(verdict, risk=risk, action=action, fault=f"learned screen: {type(error).__name__}")


def _by_lexicon(plain: View, views: Sequence[View]) -> tuple[Verdict, bool]:
    """The lexicon's verdict, and whether it has understood the alarming words it heard: as harmless, or as a concern
    other than self-harm."""
    hits = _hits(plain, views, lexicon())
    masks = _Cover([hit for hit in hits if hit.row.mask])
    firm = _Cover([hit for hit in hits if hit.row.mask and hit.row.steady])
    losses = _Cover([hit for hit in hits if hit.row.who == "past" and hit.row.steady])
    seen: set[tuple[int, int, int, str]] = set()
    reads: dict[int, int] = {}
    findings: list[_Finding] = []
    cues: list[Cue] = []
    idiom = False
    standing: dict[int, int] = {}
    for hit in hits:
        row = hit.row
        if row.mask:
            continue
        if row.cue is not None:
            if row.cue not in _DENIABLE or not read(hit.text, hit.left, hit.right, english=row.english).negated:
                cues.append(row.cue)
            continue
        if (firm if row.steady else masks).covers(hit):
            idiom = True
            continue
        if not row.steady and losses.covers(hit):
            continue
        key = id(row)
        if standing.get(key, 0) >= _MOST_STANDING:
            continue
        left = max(0, hit.left - REACH)
        place = (key, hit.left - left, hit.right - left, hit.text[left : hit.right + REACH])
        if place in seen:
            continue  # the same words in the same surroundings say nothing new
        seen.add(place)
        reads[key] = reads.get(key, 0) + 1
        unread = reads[key] > _MOST_READ
        finding = _Finding(row, hit.start, hit.end, row.level, Subject.SELF) if unread else _judge(hit)
        if finding.level == row.level:
            standing[key] = standing.get(key, 0) + 1
        findings.append(finding)
    cues.extend(short_answer(plain.text))
    lowered = [finding.level < finding.row.level for finding in findings]
    stands = any(finding.level >= Risk.T2 for finding in findings)
    verdict = _verdict(plain, findings, cues, idiom=idiom or masks.any)
    elsewhere = bool(verdict.concerns) and Concern.SELF_HARM not in verdict.concerns
    return verdict, elsewhere or (not stands and (idiom or masks.any or any(lowered)))


def _raised(verdict: Verdict, plain: View, view: View, model: Learned, *, explained: bool) -> Verdict:
    """The verdict, raised to what the learned screen makes of the message, read in `view`, where that is higher."""
    if _length(plain.text) < _FEWEST:
        return verdict
    estimate = model.estimate(_ends(view.text))
    verdict = replace(verdict, likelihood=round(estimate.t2, 4))
    risk = _level(estimate, model.limits_for(view.text), explained=explained)
    if risk <= verdict.risk:
        return verdict
    start, end = plain.span(*view.span(*_gravest(view.text, model)))
    other = estimate.other > 0.5
    concern = () if Concern.SELF_HARM in verdict.concerns else (Concern.SELF_HARM,)
    subject = Subject.OTHER if other else Subject.SELF
    return verdict.raised(risk, (*verdict.concerns, *concern), subject, Evidence(start, end, _LEARNED))


def _length(text: str) -> float:
    """How much is said: a Chinese character counts one, a Latin word one and a half."""
    return sum(1.5 if "a" <= token[0] <= "z" else 1 for token in _SAID.findall(text[:_SHORT]))


def _ends(text: str) -> str:
    """The beginning and the end of a very long message: the lexicon has read all of it."""
    return text if len(text) <= 2 * _MOST_READ_WHOLE else text[:_MOST_READ_WHOLE] + "\n" + text[-_MOST_READ_WHOLE:]


def _level(estimate: Estimate, limits: Limits, *, explained: bool) -> Risk:
    """The highest level whose limit is reached; nearer to certainty where the lexicon has understood the words."""
    for risk, chance, limit in (
        (Risk.T4, min(estimate.t4, estimate.t3), limits.t4),
        (Risk.T3, estimate.t3 if estimate.t2 >= limits.t2 else 0.0, limits.t3),
        (Risk.T2, estimate.t2, limits.t2),
    ):
        if not chance < (1 - (1 - limit) / _WARY if explained else limit):  # what is no number counts as risk
            return risk
    return Risk.T0


def _gravest(text: str, model: Learned) -> tuple[int, int]:
    """The sentence that decided, in a long message; else all of it."""
    if len(text) <= _SHORT:
        return 0, len(text)
    spans = [match.span() for match in _SENTENCE.finditer(text)][:_MOST_SENTENCES]
    return max(spans, key=lambda span: model.estimate(text[slice(*span)]).t2, default=(0, len(text)))


def _hits(plain: View, views: Sequence[View], words: Lexicon) -> list[_Hit]:
    found = [_Hit(row, start, end, plain.text, start, end) for row, start, end in words.find(plain.text)]
    for view in views:
        for row, start, end in words.find(view.text):
            begin, stop = view.span(start, end)
            if stop - begin > end - start or plain.text[begin:stop] != view.text[start:end]:
                found.append(_Hit(row, begin, stop, view.text, start, end))
    return found


class _Cover:
    """Hits that may cover others, in order of place, so that only the neighbours of a hit are looked at."""

    __slots__ = ("_hits", "_longest", "_starts")

    def __init__(self, hits: list[_Hit]) -> None:
        self._hits = sorted(hits, key=lambda hit: hit.start)
        self._starts = [hit.start for hit in self._hits]
        self._longest = max((hit.end - hit.start for hit in hits), default=0)

    @property
    def any(self) -> bool:
        return bool(self._hits)

    def covers(self, hit: _Hit) -> bool:
        first = bisect_right(self._starts, hit.start - self._longest)
        last = bisect_left(self._starts, hit.end)
        return any(_covers(self._hits[place], hit) for place in range(first, last))


def _covers(mask: _Hit, hit: _Hit) -> bool:
    """A mask covers a hit whose last character or greater half it holds; a phrase elsewhere stands."""
    shared = min(mask.end, hit.end) - max(mask.start, hit.start)
    return shared > 0 and (mask.start < hit.end <= mask.end or shared * 2 > hit.end - hit.start)


def _judge(hit: _Hit) -> _Finding:
    row, level = hit.row, hit.row.level
    if row.steady:
        return _Finding(row, hit.start, hit.end, level, _STEADY[row.who])
    if level is Risk.T1 and row.concern is None:
        # Distress is distress in any context, and there is much of it: no need to read further.
        return _Finding(row, hit.start, hit.end, level, Subject.SELF)
    reading = read(hit.text, hit.left, hit.right, english=row.english)
    subject = reading.subject
    if row.who == "other":
        first_person = names_oneself(hit.text[hit.left + 1 : hit.right], english=row.english)
        subject = Subject.SELF if first_person else Subject.OTHER
    elif row.who == "past":
        subject = Subject.PAST
    if row.concern is Concern.ABUSE and subject is Subject.OTHER:
        # "他打我": the one who acts is not the one who suffers.
        subject = Subject.SELF
    if subject is Subject.NONE:
        subject = Subject.SELF
    if level is Risk.T0:
        return _Finding(row, hit.start, hit.end, level, subject)
    if reading.negated:
        return _Finding(row, hit.start, hit.end, min(level, Risk.T1), Subject.NONE)
    if level is Risk.T5:
        # Danger now is not argued away by a story or a date.
        return _Finding(row, hit.start, hit.end, level, Subject.OTHER if subject is Subject.OTHER else Subject.SELF)
    if subject is Subject.FICTION:
        level = min(level, Risk.T1)
    elif subject is Subject.PAST:
        level = min(level, Risk.T2)
    elif subject is Subject.OTHER and row.concern is Concern.SELF_HARM and level >= Risk.T2:
        # A wish to die reported of someone else cannot be asked about further here: treat it as explicit.
        level = max(level, Risk.T3)
    return _Finding(row, hit.start, hit.end, level, subject)


def _verdict(plain: View, findings: Sequence[_Finding], cues: Sequence[Cue], *, idiom: bool) -> Verdict:
    risk = max((finding.level for finding in findings), default=Risk.T0)
    top = [finding for finding in findings if finding.level == risk]
    subject = Subject.IDIOM if idiom and not findings else Subject.NONE
    if top and (risk > Risk.T0 or any(finding.row.decline for finding in top)):
        subject = _subject(top)
    concerns = tuple(dict.fromkeys(
        finding.row.concern
        for finding in sorted(findings, key=lambda finding: -finding.level)
        if finding.row.concern is not None and finding.level >= min(finding.row.level, Risk.T2)
    ))  # fmt: skip
    return Verdict(
        risk=risk,
        concerns=concerns,
        subject=subject,
        action=_action(risk, findings),
        evidence=_evidence(plain, findings),
        cues=tuple(dict.fromkeys(cues)),
    )


def _subject(top: Sequence[_Finding]) -> Subject:
    """Whom the highest findings speak of: the client, unless every such span lies in a phrase that names another."""
    named = [finding for finding in top if finding.subject is Subject.OTHER and finding.row.who == "other"]
    rest = [
        finding
        for finding in top
        if not any(other.start < finding.end and finding.start < other.end for other in named)
    ]
    return min((finding.subject for finding in rest or named), key=_RANK.index)


def _action(risk: Risk, findings: Sequence[_Finding]) -> Action:
    if risk >= Risk.T3:
        return Action.CRISIS
    if any(finding.row.decline and finding.level == finding.row.level for finding in findings):
        return Action.DECLINE
    return Action.SUPPORT if risk > Risk.T0 else Action.CONVERSE


def _evidence(plain: View, findings: Sequence[_Finding]) -> tuple[Evidence, ...]:
    ordered = sorted(findings, key=lambda finding: (-finding.level, finding.start, finding.end))
    spans: dict[Evidence, None] = {}
    for finding in ordered:
        start, end = plain.span(finding.start, finding.end)
        spans[Evidence(start, end, finding.row.why)] = None
        if len(spans) == MOST_EVIDENCE:
            break
    return tuple(spans)
