"""One verdict out of what several reviewers decided about the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from anxin.corpus.review.decision import Decision
from anxin.corpus.sample import Sample

__all__ = ["Ties", "Verdict", "verdict"]

Ties = Literal["drop", "keep"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`keep` as it stands, `fix` with the words of `fixed`, or `reject` for the reasons in `why`. `tied` says that as
    many were for keeping as against it."""

    kind: Literal["keep", "fix", "reject"]
    why: str = ""
    fixed: Sample | None = None
    tied: bool = False


def verdict(decisions: Sequence[Decision], needs: int = 1, ties: Ties = "drop") -> Verdict | None:
    """The verdict of one standing decision a reviewer, oldest first; None where fewer than `needs` have decided.

    Whoever is unsure has not decided. More rejections than acceptances and fixes together reject; fewer keep, and then
    a fix is made if at least half of those who would keep it fixed it: the words that most of them wrote, the latest
    among equals. As many for as against is a tie, which rejects, unless `ties` is keep and nobody wanted a fix: a fix
    alone never brings back what another rejected.
    """
    accepts = [decision for decision in decisions if decision.choice == "accept"]
    fixes = [decision for decision in decisions if decision.choice == "fix"]
    rejects = [decision for decision in decisions if decision.choice == "reject"]
    keeping = len(accepts) + len(fixes)
    if not keeping + len(rejects) or keeping + len(rejects) < needs:
        return None
    tied = keeping == len(rejects)
    if len(rejects) > keeping or (tied and (ties == "drop" or fixes)):
        return Verdict("reject", "; ".join(filter(None, (decision.said for decision in rejects))), tied=tied)
    if not fixes or len(fixes) < len(accepts) or tied:
        return Verdict("keep", tied=tied)
    wordings = [_words(decision.fixed) for decision in fixes if decision.fixed is not None]
    times = Counter(wordings)
    latest = max(range(len(fixes)), key=lambda place: (times[_words(fixes[place].fixed)], place))
    return Verdict("fix", fixes[latest].said, fixes[latest].fixed)


def _words(sample: Sample | None) -> object:
    return (sample.dialogue.messages, sample.document) if sample is not None else None
