"""The conversation's risk so far: verdicts folded into one immutable value, kept outside any model's context.

Risk rises at once and falls slowly: one level after three quieter messages of the client, in a crisis (T3 and above)
after five, so that the protocol has asked, named help and made a small plan before it ends, or three where the client
says that they are safer or that help is there. What was once disclosed at T3 or above never falls below T2 within the
conversation: it is held there and looked back at. The ledger also counts what the authored replies need: which
track of the crisis protocol is running, how many replies each track has given, and when the safety question was last
due. It is a function of the verdicts alone, so it can be rebuilt from the dialogue after a restart or an edit.

Folding is total: a verdict that cannot be read counts as risk, and nothing that breaks here makes a talk calmer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from anxin.dialogue import Dialogue
from anxin.safety.screening import screen
from anxin.safety.verdict import Concern, Cue, Risk, Subject, Verdict

__all__ = ["Ledger", "Track"]

_QUIET_PER_LEVEL = 3
_QUIET_PER_CRISIS_LEVEL = 5
_SUPPORT_EVERY = 6
_SUPPORT_EVERY_AT_RISK = 3


class Track(StrEnum):
    """Which authored protocol a crisis follows."""

    IDEATION = "ideation"
    PLAN = "plan"
    ATTEMPT = "attempt"
    SELF_HARM = "self_harm"
    METHOD = "method"
    OTHER = "other"
    OTHER_NOW = "other_now"
    ABUSE = "abuse"
    DANGER = "danger"
    CHILD = "child"
    VIOLENCE = "violence"
    VIOLENCE_NOW = "violence_now"
    VOICES = "voices"
    REFUSAL = "refusal"
    PRIVACY = "privacy"
    UNAIDED = "unaided"
    HELP = "help"
    SAFER = "safer"
    OTHER_SAFER = "other_safer"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Risk, its peak and the protocol's place after `turns` messages of the client.

    `minor`: the client may be one. `unplanned`: they have said that there is no plan, and nothing since says otherwise.
    """

    risk: Risk = Risk.T0
    peak: Risk = Risk.T0
    calm: bool = True
    turns: int = 0
    quiet: int = 0
    subject: Subject = Subject.NONE
    concerns: tuple[Concern, ...] = ()
    track: Track | None = None
    given: tuple[tuple[Track, int], ...] = ()
    declined: int = 0
    supports: int = 0
    support_turn: int = 0
    support_due: bool = False
    minor: bool = False
    unplanned: bool = False

    @classmethod
    def of(cls, dialogue: Dialogue) -> Ledger:
        """Screen every message of the client and fold the verdicts, in order."""
        ledger = cls()
        for message in dialogue.by("client"):
            ledger = ledger.fold(screen(message.text))
        return ledger

    def replies(self, track: Track) -> int:
        """How many replies of a track the conversation has called for, this turn's included."""
        return dict(self.given).get(track, 0)

    @property
    def crisis(self) -> bool:
        """Whether this turn belongs to the crisis protocol, also when the newest message alone would not."""
        return self.risk >= Risk.T3

    @property
    def disclosed(self) -> bool:
        """Whether anything explicit was ever said in this conversation; it never expires (floor T2, follow-ups)."""
        return self.peak >= Risk.T3

    def fold(self, verdict: Verdict) -> Ledger:
        """The ledger with one more message of the client. Total: a fault counts as risk and lowers nothing."""
        try:
            folded = self._fold(verdict)
            if folded.risk >= verdict.risk and (isinstance(folded.track, Track) or not folded.crisis):
                return folded
            return self._cautious(verdict)
        except Exception:  # the room's outer door: what cannot be folded is taken as grave as it may be
            return self._cautious(verdict)

    def _cautious(self, verdict: object) -> Ledger:
        heard = getattr(verdict, "risk", None)
        risk = max(self.risk, heard if isinstance(heard, Risk) else Risk.T3, Risk.T3)
        track = (self.track if self.crisis else None) or Track.FAULT
        given = dict(self.given)
        given[track] = given.get(track, 0) + 1
        return replace(
            self,
            risk=risk,
            peak=max(self.peak, risk),
            calm=False,
            turns=self.turns + 1,
            quiet=0,
            track=track,
            given=tuple(given.items()),
            support_due=False,
        )

    def _fold(self, verdict: Verdict) -> Ledger:
        heard = self._heard(verdict)
        if verdict.fault:
            heard = max(
                heard, Risk.T3
            )  # what could not be read may be a crisis: the client is asked, by authored words
        risk, quiet = self._risk_after(heard, unwilling=Cue.REFUSES in verdict.cues)
        peak = max(self.peak, heard, risk)
        asked = self.support_due or self.crisis
        concerns = tuple(dict.fromkeys((*self.concerns, *verdict.concerns)))
        subject = self.subject
        if heard >= Risk.T2 and verdict.subject in (Subject.SELF, Subject.OTHER, Subject.PAST):
            subject = verdict.subject
        folded = replace(
            self,
            risk=risk,
            peak=peak,
            quiet=quiet,
            calm=self.calm and heard is Risk.T0 and not verdict.fault,
            turns=self.turns + 1,
            subject=subject,
            concerns=concerns,
            minor=self.minor or _young(verdict),
            unplanned=heard < Risk.T4 and (self.unplanned or Cue.UNPLANNED in verdict.cues),
            declined=self.declined + (verdict.action.value == "decline"),
        )
        if folded.crisis:
            track = folded._track_for(verdict, heard, before=self.track if self.crisis else None, asked=asked)
            counts = dict(self.given)
            # The safety question has just been asked and answered: it is not asked again.
            answered = track is Track.IDEATION and (
                self.support_due if not self.crisis else self.track is Track.FAULT and Cue.YES in verdict.cues
            )
            count = counts.get(track, 0) + (2 if answered and track not in counts else 1)
            if track in _ASKING and count == _PLAN_REPLY and (folded.unplanned or _plan_known(track, counts)):
                count += 1
            counts[track] = count
            return replace(folded, track=track, given=tuple(counts.items()), support_due=False)
        return folded._with_support(heard, left=self.crisis)

    def _heard(self, verdict: Verdict) -> Risk:
        """The verdict's risk, raised where the message answers yes to the question just asked."""
        if Cue.UNPLANNED in verdict.cues:
            return verdict.risk  # "yes, but there is no plan"
        if Cue.SOON in verdict.cues and (self.support_due or (self.crisis and self.track in _OWN)):
            return max(verdict.risk, Risk.T4 if self.crisis else Risk.T3)
        if Cue.YES not in verdict.cues or verdict.risk >= Risk.T4:
            return verdict.risk
        if self.crisis and self.track in _ASKING:
            step = self.replies(self.track)
            # Reply 1 asks about thoughts of suicide, reply 2 about plan, means and time (C-SSRS construct order).
            return max(verdict.risk, Risk.T4 if step == _PLAN_REPLY else Risk.T3)
        if self.support_due or (self.track is Track.FAULT and self.crisis and self.replies(Track.FAULT) > 1):
            return max(verdict.risk, Risk.T3)
        return verdict.risk

    def _risk_after(self, heard: Risk, *, unwilling: bool) -> tuple[Risk, int]:
        if heard >= self.risk:
            return heard, 0
        if unwilling and self.crisis:
            return self.risk, self.quiet  # turning help away is no sign of calm
        quiet = self.quiet + 1
        floor = Risk.T2 if self.disclosed or (self.minor and self.peak >= Risk.T2) else Risk.T0
        held = self.crisis and self.track not in _EASED
        if quiet >= (_QUIET_PER_CRISIS_LEVEL if held else _QUIET_PER_LEVEL) and self.risk > max(floor, heard):
            return Risk(self.risk - 1), 0
        return self.risk, quiet

    def _track_for(self, verdict: Verdict, heard: Risk, *, before: Track | None, asked: bool) -> Track:
        if before is Track.PRIVACY:
            before = Track.REFUSAL
        if before is not None and heard < Risk.T5:
            helped = Cue.HELPED in verdict.cues
            if helped and before in _HELPED:
                return _HELPED[before]
            if Cue.PRIVACY in verdict.cues and before in _OWN:
                return Track.PRIVACY
            if Cue.REFUSES in verdict.cues and (before in _OWN or before is Track.ATTEMPT):
                return Track.UNAIDED if before is Track.ATTEMPT else Track.REFUSAL
            if before in _HOLDING:
                return before
            if heard < Risk.T3:
                if verdict.fault:
                    return before
                return _CALMER.get(before, before) if helped or Cue.SAFE in verdict.cues else before
            if before is Track.SELF_HARM and heard is Risk.T4 and _only_means(verdict):
                return before
        if verdict.fault:
            return before or Track.FAULT
        if before is not None and before in _ASKING and verdict.risk < Risk.T3 and heard is Risk.T3:
            return before  # a yes to its question: on to the next one
        track = _track(verdict, heard)
        # After a plan has been told, the bare wish is not asked about as if nothing had been said.
        return before if before is not None and before in _KNOWN and track is Track.IDEATION else track

    def _with_support(self, heard: Risk, *, left: bool) -> Ledger:
        """Whether the kind, direct safety question is due: at once on a first T2 and where a crisis has just been left
        behind; else not every turn."""
        if self.risk < Risk.T2:
            return replace(self, support_due=False, track=None)
        wait = _SUPPORT_EVERY_AT_RISK if heard >= Risk.T2 else _SUPPORT_EVERY
        due = left or self.supports == 0 or self.turns - self.support_turn >= wait
        if not due:
            return replace(self, support_due=False)
        return replace(self, support_due=True, supports=self.supports + 1, support_turn=self.turns)

    def to_json(self) -> str:
        """The ledger as one JSON object, for the store. It holds no text of the client."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Ledger:
        """Read a stored ledger. Total: what cannot be read gives a cautious ledger (T2, not calm)."""
        try:
            return _read(json.loads(text))
        except Exception:  # a damaged record must not read as a calm conversation
            return cls(risk=Risk.T2, peak=Risk.T3, calm=False, turns=1, subject=Subject.SELF)


# Tracks whose first reply asks about thoughts of suicide and whose second asks about plan, means and time.
_ASKING = (Track.IDEATION, Track.SELF_HARM, Track.METHOD)
_PLAN_REPLY = 2

# Tracks that begin where a plan, a voice's command or an attempt is known.
_KNOWN = (Track.PLAN, Track.VOICES)

# The client's own crises, in which calls may be turned down for now; an attempt is not among them.
_OWN = (
    Track.IDEATION,
    Track.PLAN,
    Track.SELF_HARM,
    Track.METHOD,
    Track.FAULT,
    Track.REFUSAL,
    Track.SAFER,
)

# Emergencies that only real help or a new emergency changes: feeling calm after an overdose is no safety.
_HOLDING = (Track.ATTEMPT, Track.UNAIDED, Track.HELP, Track.OTHER_NOW)

# Where the client has said that they are safer, or that help is there, or where nothing but a fault was heard.
_EASED = (Track.SAFER, Track.OTHER_SAFER, Track.HELP, Track.FAULT)

_HELPED: Mapping[Track, Track] = {
    Track.ATTEMPT: Track.HELP,
    Track.UNAIDED: Track.HELP,
    Track.OTHER_NOW: Track.OTHER_SAFER,
    Track.OTHER: Track.OTHER_SAFER,
}

# When the client says they are safer, the protocol asks less and stays.
_CALMER: Mapping[Track, Track] = {
    **dict.fromkeys(_OWN, Track.SAFER),
    Track.DANGER: Track.ABUSE,
    Track.VIOLENCE_NOW: Track.VIOLENCE,
}


def _young(verdict: Verdict) -> bool:
    """Whether the client may be a minor; a child in danger of whom an adult tells is the child track's matter."""
    if Concern.MINOR not in verdict.concerns or verdict.subject is Subject.OTHER:
        return False
    return verdict.risk < Risk.T5 or Concern.SELF_HARM in verdict.concerns


def _plan_known(track: Track, given: Mapping[Track, int]) -> bool:
    """Whether plan, means and time were asked or told on another track already."""
    return any(
        given.get(other, 0) >= (_PLAN_REPLY if other in _ASKING else 1)
        for other in (*_ASKING, *_KNOWN, Track.ATTEMPT)
        if other is not track
    )


def _only_means(verdict: Verdict) -> bool:
    """Whether what was heard is only where a blade is, as the protocol itself has asked."""
    return bool(verdict.evidence) and verdict.evidence[0].why.startswith("preparation: means")


def _track(verdict: Verdict, heard: Risk) -> Track:
    concerns = verdict.concerns
    now = heard >= Risk.T5
    if Concern.MINOR in concerns and now and Concern.SELF_HARM not in concerns:
        return Track.CHILD
    if Concern.HARM_TO_OTHERS in concerns and Concern.SELF_HARM not in concerns:
        return Track.VIOLENCE_NOW if now else Track.VIOLENCE
    if Concern.ABUSE in concerns and Concern.SELF_HARM not in concerns:
        return Track.DANGER if now else Track.ABUSE
    if verdict.subject is Subject.OTHER:
        return Track.OTHER_NOW if now else Track.OTHER
    if now:
        return Track.ATTEMPT
    if Concern.PSYCHOSIS in concerns and heard >= Risk.T4:
        return Track.VOICES
    if heard >= Risk.T4:
        return Track.PLAN
    if Concern.METHOD_SEEKING in concerns:
        return Track.METHOD
    if any(evidence.why == "self-harm" for evidence in verdict.evidence[:1]):
        return Track.SELF_HARM
    return Track.IDEATION


_YOUNGER = frozenset({"unplanned"})


def _read(raw: Any) -> Ledger:
    known = {field.name for field in fields(Ledger)}
    # A record of an earlier release lacks the younger fields; it is no damage.
    if not isinstance(raw, Mapping) or not known - _YOUNGER <= raw.keys() <= known:
        raise ValueError("not a ledger")
    raw = {**{field.name: field.default for field in fields(Ledger) if field.default is not MISSING}, **raw}
    numbers = {name: raw[name] for name in ("turns", "quiet", "declined", "supports", "support_turn")}
    flags = {name: raw[name] for name in ("calm", "support_due", "minor", "unplanned")}
    if any(type(value) is not int or value < 0 for value in numbers.values()):
        raise ValueError("a count is not a count")
    if any(type(value) is not bool for value in flags.values()):
        raise ValueError("a flag is not a flag")
    given = tuple((Track(track), count) for track, count in raw["given"])
    if any(type(count) is not int or count < 0 for _, count in given):
        raise ValueError("a count is not a count")
    risk, peak = Risk(raw["risk"]), Risk(raw["peak"])
    if risk > peak or (flags["calm"] and peak > Risk.T0):
        raise ValueError("a ledger that contradicts itself")
    return Ledger(
        risk=risk,
        peak=peak,
        subject=Subject(raw["subject"]),
        concerns=tuple(Concern(concern) for concern in raw["concerns"]),
        track=None if raw["track"] is None else Track(raw["track"]),
        given=given,
        **numbers,
        **flags,
    )
