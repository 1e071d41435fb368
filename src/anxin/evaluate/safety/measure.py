"""One run over labelled sets: screen, ledger, guard; then the figures. Keeps texts in memory, reports ids alone."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from anxin import __version__
from anxin.evaluate.safety.aims import Aim, aims
from anxin.evaluate.safety.dialogues import DialogueFigures, Followed, follow, over_dialogues
from anxin.evaluate.safety.replies import Guarded, ReplyFigures, guarded, over_replies, reply_kinds
from anxin.evaluate.safety.robustness import RULES
from anxin.evaluate.safety.sentences import (
    Calibration,
    ConcernFigures,
    Heard,
    KindFigures,
    Latency,
    Levels,
    RuleFigures,
    Triage,
    calibrate,
    concerns,
    hear,
    kinds,
    latency,
    levels,
    robustness,
    triage,
)
from anxin.evaluate.safety.sets import Sets, Source
from anxin.safety import screen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Measured", "Miss", "Report", "Steps", "measure"]

Steps = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done and how many there are."""

Miss = tuple[str | int | None, ...]
"""An id, then the level labelled and heard; for late crises the delay, for replies the rule; None where unknown."""

_WARM = "今晚我不想活了，I want to die, 昨天加班累死了"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured, without a word of text: `asdict` of it is the JSON."""

    of: str
    version: str
    system: str
    python: str
    machine: str
    seed: int
    sources: tuple[Source, ...]
    missing: tuple[str, ...]
    slices: Mapping[str, Triage]
    registers: Mapping[str, Triage]
    levels: Mapping[str, Levels]
    kinds: tuple[KindFigures, ...]
    concerns: tuple[ConcernFigures, ...]
    calibration: Mapping[str, Calibration]
    latency: tuple[Latency, ...]
    network: int
    robustness: tuple[RuleFigures, ...] | None
    dialogues: Mapping[str, DialogueFigures]
    dialogue_kinds: Mapping[str, DialogueFigures]
    replies: tuple[ReplyFigures, ...]
    misses: Mapping[str, tuple[Miss, ...]]
    aims: tuple[Aim, ...]

    def json(self) -> dict[str, Any]:
        """The report as one object of plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Measured:
    """A report and what it was made from, for somebody who may look at the texts."""

    report: Report
    heard: tuple[Heard, ...]
    followed: tuple[Followed, ...]
    guarded: tuple[Guarded, ...]


def measure(
    sets: Sets, of: str, *, rules: bool = True, seed: int = 0, steps: Steps = lambda what, done, of: None
) -> Measured:
    """Run the shipped screen, ledger and guard over the sets.

    `of` names what was measured ("dev", or the files). `rules` adds the robustness set. Deterministic for a seed,
    except for the times.
    """
    for _ in range(50):
        screen(_WARM)
    heard: list[Heard] = []
    with _watched() as network:
        for done, record in enumerate(sets.sentences):
            heard.append(hear(record))
            steps("sentences", done + 1, len(sets.sentences))
    altered: tuple[RuleFigures, ...] | None = None
    if rules and heard:
        told = iter(range(1, len(RULES) + 1))
        altered = robustness(heard, seed=seed, step=lambda: steps("robustness", next(told), len(RULES)))
    followed: list[Followed] = []
    for done, conversation in enumerate(sets.conversations):
        followed.append(follow(conversation))
        steps("dialogues", done + 1, len(sets.conversations))
    checked: list[Guarded] = []
    for done, reply in enumerate(sets.replies):
        checked.append(guarded(reply))
        steps("replies", done + 1, len(sets.replies))
    steps("figures", 0, 1)
    report = _report(sets, of, seed, heard, altered, followed, checked, len(network))
    steps("figures", 1, 1)
    return Measured(report, tuple(heard), tuple(followed), tuple(checked))


def _report(
    sets: Sets,
    of: str,
    seed: int,
    heard: Sequence[Heard],
    altered: tuple[RuleFigures, ...] | None,
    followed: Sequence[Followed],
    checked: Sequence[Guarded],
    network: int,
) -> Report:
    spoken = _slices(heard, lambda one: one.record.lang)
    talks = _slices(followed, lambda one: one.record.lang)
    slices = {name: triage(held) for name, held in spoken.items()}
    registers = _groups(heard, lambda one: one.record.register)
    followed_by = {name: over_dialogues(held, seed) for name, held in talks.items()}
    said = (over_replies(checked), *reply_kinds(checked)) if checked else ()
    times = latency(heard)
    return Report(
        of=of,
        version=__version__,
        system=_system(),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        seed=seed,
        sources=sets.sources,
        missing=sets.missing,
        slices=slices,
        registers={name: triage(held) for name, held in registers.items() if name},
        levels={name: found for name, held in spoken.items() if (found := levels(held, seed)).exact.n},
        kinds=kinds(heard),
        concerns=concerns(heard),
        calibration={name: known for name, held in spoken.items() if (known := calibrate(held, seed)) is not None},
        latency=times,
        network=network,
        robustness=altered,
        dialogues=followed_by,
        dialogue_kinds={
            name or "-": over_dialogues(held, seed)
            for name, held in _groups(followed, lambda one: one.record.kind).items()
        },
        replies=said,
        misses=_misses(heard, followed, checked),
        aims=aims(
            slices, altered, followed_by.get("all"), said[0] if said else None, times[0] if times else None, network
        ),
    )


def _groups(items: Sequence[Any], key: Callable[[Any], str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return dict(sorted(found.items()))


def _slices(items: Sequence[Any], key: Callable[[Any], str]) -> dict[str, Sequence[Any]]:
    """All, then each language, where there is more than one."""
    if not items:
        return {}
    by_language = _groups(items, key)
    order = sorted(by_language, key=lambda lang: (lang != "zh", lang != "en", lang))
    return {"all": items, **{lang: by_language[lang] for lang in order}}


def _misses(
    heard: Sequence[Heard], followed: Sequence[Followed], checked: Sequence[Guarded]
) -> dict[str, tuple[Miss, ...]]:
    def texts(wrong: Callable[[Heard], bool]) -> tuple[Miss, ...]:
        return tuple((one.record.id, one.record.level, one.risk) for one in heard if wrong(one))

    return {
        "acute_below_t3": texts(lambda one: one.record.acute and one.risk < 3),
        "own_below_t2": texts(lambda one: one.record.own and one.risk < 2),
        "others_below_t2": texts(lambda one: bool(one.record.positive) and not one.record.own and one.risk < 2),
        "alarms_t3": texts(lambda one: one.record.positive is False and one.risk >= 3),
        "alarms_t2": texts(lambda one: one.record.positive is False and one.risk == 2),
        "two_levels_low": texts(lambda one: one.record.level is not None and one.record.level - one.risk >= 2),
        "dialogues_end_low": tuple(
            (one.record.id, one.record.levels[-1], one.risks[-1]) for one in followed if one.short_at_end >= 2
        ),
        "dialogues_late": tuple(
            (one.record.id, one.delay)
            for one in followed
            if max(one.record.levels) >= 3 and (one.delay is None or one.delay > 0)
        ),
        "dialogues_false_crisis": tuple(
            (one.record.id, max(one.record.levels), max(one.risks))
            for one in followed
            if max(one.record.levels) <= 1 and max(one.risks) >= 3
        ),
        "replies_passed": tuple((one.record.id, one.record.kind) for one in checked if one.passed),
        "replies_touched": tuple((one.record.id, one.tripped or "") for one in checked if one.touched),
    }


def _system() -> str:
    """A digest of the safety room's own files: which screen, ledger, guard and words these numbers belong to."""
    whole = hashlib.sha256()
    for file in sorted(resources.files("anxin.safety").iterdir(), key=lambda one: one.name):
        if file.is_file() and not file.name.endswith(".pyc"):
            whole.update(file.name.encode())
            whole.update(file.read_bytes())
    return whole.hexdigest()


class _Ear:
    """Counts the interpreter's socket events while somebody listens."""

    def __init__(self) -> None:
        self.events: list[str] | None = None
        sys.addaudithook(self._note)

    def _note(self, event: str, _arguments: object) -> None:
        if self.events is not None and event.startswith("socket."):
            self.events.append(event)


@cache
def _ear() -> _Ear:
    return _Ear()  # an audit hook cannot be taken back (PEP 578), so there is one for the process


@contextmanager
def _watched() -> Iterator[list[str]]:
    """The socket events between here and the end, from anywhere in the process."""
    ear = _ear()
    events: list[str] = []
    ear.events = events
    try:
        yield events
    finally:
        ear.events = None
