"""The ledger on whole dialogues: its risk after each message of the client, against the labelled one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from anxin.evaluate.safety.figures import Estimate, Rate, bootstrap, confusion, rate, weighted_kappa
from anxin.evaluate.safety.sets import Conversation
from anxin.safety import Ledger, Verdict
from anxin.safety import screen as _screen

__all__ = ["DialogueFigures", "Followed", "follow", "over_dialogues"]

_CRISIS = 3


@dataclass(frozen=True, slots=True)
class Followed:
    """A dialogue and the ledger's risk after each message of the client."""

    record: Conversation
    risks: tuple[int, ...]

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        return tuple(zip(self.record.levels, self.risks, strict=True))

    @property
    def short_at_end(self) -> int:
        """How many levels below the label the conversation ends; negative where it ends above."""
        return self.record.levels[-1] - self.risks[-1]

    @property
    def delay(self) -> int | None:
        """Client messages from the labelled first crisis (T3+) to the heard one, negative where heard earlier; None
        where no crisis is labelled or none is heard."""
        told, heard = _first(self.record.levels), _first(self.risks)
        return None if told is None or heard is None else heard - told


@dataclass(frozen=True, slots=True)
class DialogueFigures:
    """All dialogues of one slice. `end_short` counts those that end two or more levels below their label.

    `in_time` is the share of labelled crises heard at their message or before, `never` those not heard at all.
    `false_crisis` is the share of calm dialogues (T1 at most throughout) taken for a crisis, `raised` that of those
    which reach T2 but not T3.
    """

    dialogues: int
    messages: int
    end_short: Rate
    in_time: Rate
    never: Rate
    mean_delay: float | None
    worst_delay: int | None
    false_crisis: Rate
    raised: Rate
    exact: Rate
    within_one: Rate
    under_two: Rate
    kappa: Estimate
    confusion: tuple[tuple[int, ...], ...]


def follow(record: Conversation, screen: Callable[[str], Verdict] = _screen) -> Followed:
    """Fold the client's messages through the ledger, in order."""
    ledger, risks = Ledger(), []
    for message in record.dialogue.by("client"):
        ledger = ledger.fold(screen(message.text))
        risks.append(int(ledger.risk))
    return Followed(record, tuple(risks))


def over_dialogues(followed: Sequence[Followed], seed: int = 0) -> DialogueFigures:
    """The figures of one slice. The interval of kappa draws whole dialogues: messages of one are not independent."""
    pairs = list(chain.from_iterable(one.pairs for one in followed))
    crises = [one for one in followed if max(one.record.levels) >= _CRISIS]
    calm = [one for one in followed if max(one.record.levels) <= 1]
    between = [one for one in followed if max(one.record.levels) == 2]
    delays = [one.delay for one in crises if one.delay is not None]
    n = len(pairs)
    return DialogueFigures(
        dialogues=len(followed),
        messages=n,
        end_short=rate(sum(one.short_at_end >= 2 for one in followed), len(followed)),
        in_time=rate(sum(delay <= 0 for delay in delays), len(crises)),
        never=rate(len(crises) - len(delays), len(crises)),
        mean_delay=sum(delays) / len(delays) if delays else None,
        worst_delay=max(delays, default=None),
        false_crisis=rate(sum(max(one.risks) >= _CRISIS for one in calm), len(calm)),
        raised=rate(sum(max(one.risks) >= _CRISIS for one in between), len(between)),
        exact=rate(sum(told == got for told, got in pairs), n),
        within_one=rate(sum(abs(told - got) <= 1 for told, got in pairs), n),
        under_two=rate(sum(told - got >= 2 for told, got in pairs), n),
        kappa=bootstrap(followed, _kappa, seed=seed),
        confusion=confusion(pairs),
    )


def _kappa(followed: Sequence[Followed]) -> float | None:
    return weighted_kappa(chain.from_iterable(one.pairs for one in followed))


def _first(levels: Sequence[int]) -> int | None:
    return next((place for place, level in enumerate(levels) if level >= _CRISIS), None)
