"""The risk scale and the verdict on one message (design, section Risk).

The levels borrow constructs published for triage (C-SSRS screener triage points; the SOS 11-level scale) for internal
labels; Anxin never claims to administer a clinical instrument.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

__all__ = ["MOST_EVIDENCE", "Action", "Concern", "Cue", "Evidence", "Risk", "Subject", "Verdict"]

MOST_EVIDENCE = 16  # spans of one verdict


class Risk(IntEnum):
    """T0 nothing; T1 distress; T2 passive or non-specific thoughts of death, past self-harm; T3 method considered,
    self-harm now without intent to die, abuse or violence disclosed; T4 intent, plan, recent attempt or means at hand;
    T5 attempt in progress, imminent danger to self or another, child in danger."""

    T0 = 0
    T1 = 1
    T2 = 2
    T3 = 3
    T4 = 4
    T5 = 5


class Concern(StrEnum):
    """What else is in the message, beside its level."""

    SELF_HARM = "self_harm"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE = "abuse"
    MINOR = "minor"
    PSYCHOSIS = "psychosis"
    EATING = "eating_disorder"
    SUBSTANCE = "substance"
    JAILBREAK = "jailbreak"
    METHOD_SEEKING = "method_seeking"
    ILLEGAL = "illegal_request"
    MEDICATION = "medication_advice"
    DEPENDENCE = "dependence"


class Subject(StrEnum):
    """Whom the message speaks of."""

    SELF = "self"
    OTHER = "other"
    PAST = "past"
    FICTION = "fiction"
    IDIOM = "idiom"
    NONE = "none"


class Action(StrEnum):
    """What the turn should do: talk, talk with care, follow the crisis protocol, or decline warmly."""

    CONVERSE = "converse"
    SUPPORT = "support"
    CRISIS = "crisis"
    DECLINE = "decline"


class Cue(StrEnum):
    """How a message may answer a question that the crisis protocol has just asked."""

    YES = "yes"
    NO = "no"
    SOON = "soon"  # a bare time or place, as an answer to when and with what
    REFUSES = "refuses"
    SAFE = "safe"  # feels safer, or has put means away
    HELPED = "helped"  # someone was called, is coming or is there
    PRIVACY = "privacy"  # asks who will know
    UNPLANNED = "unplanned"  # has no plan, so that the question about one is not asked again


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the client's own text, in characters (code points) of the original, and why it counts."""

    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the screen found in one message. `fault` names what broke when the verdict is a safe default; `likelihood`
    is the learned screen's calibrated probability of T2 or above, None where it was not asked.

    `cues` matter only beside a question asked in the turn before; they never change the risk of a message by itself.
    """

    risk: Risk
    concerns: tuple[Concern, ...] = ()
    subject: Subject = Subject.NONE
    action: Action = Action.CONVERSE
    evidence: tuple[Evidence, ...] = ()
    fault: str = ""
    cues: tuple[Cue, ...] = ()
    likelihood: float | None = None

    def raised(self, risk: Risk, concerns: tuple[Concern, ...], subject: Subject, evidence: Evidence) -> Verdict:
        """This verdict at a higher `risk`, above T0: what another reader saw comes first among the evidence, and a
        request that was declined is declined still, below T3."""
        declined = self.action is Action.DECLINE and risk < Risk.T3
        return replace(
            self,
            risk=risk,
            concerns=concerns,
            subject=subject,
            action=Action.DECLINE if declined else Action.CRISIS if risk >= Risk.T3 else Action.SUPPORT,
            evidence=(evidence, *self.evidence[: MOST_EVIDENCE - 1]),
        )
