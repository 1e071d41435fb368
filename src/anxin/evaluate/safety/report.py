"""The report as Markdown, and its files. Ids alone: no text of anybody is ever written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from anxin.evaluate.safety.aims import Aim
from anxin.evaluate.safety.figures import LEVELS, Change, Estimate, Rate
from anxin.evaluate.safety.measure import Measured, Miss, Report
from anxin.evaluate.safety.sentences import Triage

__all__ = ["markdown", "missed_texts", "write"]

_LISTED = 20  # ids named for one sort of miss; the JSON has them all
_LEAST = 5  # registers with fewer texts are left to the JSON
_MISSES = {
    "acute_below_t3": "Acute text heard below T3",
    "own_below_t2": "Self-directed positives heard below T2",
    "others_below_t2": "Other positives heard below T2",
    "alarms_t3": "False alarms at T3 or above",
    "alarms_t2": "False alarms at T2",
    "two_levels_low": "Two or more levels low",
    "dialogues_end_low": "Dialogues that end two or more levels low",
    "dialogues_late": "Dialogues whose crisis was heard late (messages) or never (-)",
    "dialogues_false_crisis": "Calm dialogues taken for a crisis",
    "replies_passed": "Forbidden replies that passed",
    "replies_touched": "Good replies that were touched",
}


def write(report: Report, folder: Path, pictures: Sequence[Path] = ()) -> tuple[Path, Path]:
    """Write `report.json` and `report.md`; `pictures` in the same folder are shown in the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    as_json, as_text = folder / "report.json", folder / "report.md"
    as_json.write_text(json.dumps(report.json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    shown = "".join(f"\n![{path.stem}]({path.name})\n" for path in pictures)
    as_text.write_text(markdown(report) + shown, encoding="utf-8")
    return as_json, as_text


def missed_texts(measured: Measured) -> Iterator[str]:
    """The texts behind the misses, one line each: for the eyes of the owner of the data, never for a file."""
    said = {one.record.id: one.record.text for one in measured.heard}
    said |= {one.record.id: one.record.text for one in measured.guarded}
    said |= {
        one.record.id: " / ".join(message.text for message in one.record.dialogue.by("client"))
        for one in measured.followed
    }
    for name, title in _MISSES.items():
        for miss in measured.report.misses[name]:
            text = " ".join(said[str(miss[0])].split())
            yield f"{title}: {miss[0]} {_path(name, miss)} {text}"


def markdown(report: Report) -> str:
    """The whole report, the aims last."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# Safety: {report.of}"
    yield ""
    yield f"anxin {report.version}, safety room {report.system[:12]}, Python {report.python}, {report.machine}."
    for source in report.sources:
        yield f"- {source.name}: {source.records} records, sha256 {source.sha256[:12]}"
    for name in report.missing:
        yield f"- {name}: not in this installation, not measured"
    yield ""
    if report.slices:
        yield from _triage("Triage", report.slices)
        yield from _levels(report)
        yield from _kinds(report)
        many = {name: one for name, one in report.registers.items() if one.n >= _LEAST}
        if many:
            yield from _triage("By register", many)
        yield from _concerns(report)
        yield from _calibration(report)
        yield from _latency(report)
    if report.robustness is not None:
        yield from _robustness(report)
    if report.dialogues:
        yield from _dialogues(report)
    if report.replies:
        yield "## Guard"
        yield ""
        yield from _table(
            ("kind", "forbidden passed", "good touched"),
            [(one.kind, _share(one.passed), _share(one.touched)) for one in report.replies],
        )
    yield from _missed(report)
    yield from _aims(report.aims)


def _triage(title: str, slices: Mapping[str, Triage]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from _table(
        ("", "n", "acute at T3+", "self-directed at T2+", "others at T2+", "others at T3+", "false alarms T2+", "T3+"),
        [
            (name, str(one.n), *map(_share, (
                one.acute_t3, one.own_t2, one.others_t2, one.others_t3, one.alarms_t2, one.alarms_t3
            )))
            for name, one in slices.items()
        ],
    )  # fmt: skip


def _levels(report: Report) -> Iterator[str]:
    if not report.levels:
        return
    yield "## Levels"
    yield ""
    yield from _table(
        ("", "exact", "within one", "two or more low", "two or more high", "kappa (quadratic)"),
        [
            (name, *map(_share, (one.exact, one.within_one, one.under_two, one.over_two)), _estimate(one.kappa))
            for name, one in report.levels.items()
        ],
    )
    for name, one in report.levels.items():
        yield from _confusion(name, one.confusion)


def _confusion(name: str, table: Sequence[Sequence[int]]) -> Iterator[str]:
    yield from _table(
        (f"{name}: labelled \\ heard", *(f"T{level}" for level in range(LEVELS))),
        [(f"T{level}", *map(str, row)) for level, row in enumerate(table)],
    )


def _kinds(report: Report) -> Iterator[str]:
    yield "## By kind"
    yield ""
    yield from _table(
        ("side", "kind", "language", "heard at T2+", "heard at T3+"),
        [(one.side, one.kind, one.lang, _share(one.t2), _share(one.t3)) for one in report.kinds],
    )


def _concerns(report: Report) -> Iterator[str]:
    if not report.concerns:
        return
    yield "## Concerns"
    yield ""
    yield from _table(
        ("concern", "named where labelled", "named elsewhere", "declined (or crisis)"),
        [
            (one.concern, _share(one.recall), _share(one.elsewhere), _share(one.declined) if one.declined else "")
            for one in report.concerns
        ],
    )


def _calibration(report: Report) -> Iterator[str]:
    if not report.calibration:
        return
    yield "## Calibration of the probability of T2+"
    yield ""
    yield from _table(
        ("", "n", "expected calibration error", "Brier score"),
        [
            (name, str(one.n), _estimate(one.error), _estimate(one.brier))
            for name, one in report.calibration.items()
        ],
    )  # fmt: skip


def _latency(report: Report) -> Iterator[str]:
    if not report.latency:
        return
    yield "## Time of one text (microseconds, best of three, warm)"
    yield ""
    yield from _table(
        ("characters", "texts", "p50", "p99", "max"),
        [
            (f"{one.shortest}-{one.longest}", str(one.n), *(_number(x, 0) for x in (one.p50, one.p99, one.max)))
            for one in report.latency
        ],
    )
    yield f"Network calls while screening: {report.network}."
    yield ""


def _robustness(report: Report) -> Iterator[str]:
    yield "## Robustness (points on the same texts, after minus before)"
    yield ""
    yield from _table(
        ("rule", "acute at T3+", "self-directed at T2+", "false alarms T2+", "false alarms T3+"),
        [
            (one.rule, *map(_moved, (one.acute_t3, one.own_t2, one.alarms_t2, one.alarms_t3)))
            for one in report.robustness or ()
        ],
    )


def _dialogues(report: Report) -> Iterator[str]:
    yield "## Dialogues"
    yield ""
    names = list(report.dialogues)
    found = list(report.dialogues.values())
    yield from _table(
        ("", *names),
        [
            ("dialogues", *(str(one.dialogues) for one in found)),
            ("client messages", *(str(one.messages) for one in found)),
            ("end two or more levels low", *(_share(one.end_short) for one in found)),
            ("crisis heard in time", *(_share(one.in_time) for one in found)),
            ("crisis never heard", *(_share(one.never) for one in found)),
            ("mean delay, messages", *(_number(one.mean_delay, 2) for one in found)),
            ("worst delay, messages", *(_number(one.worst_delay, 0) for one in found)),
            ("calm taken for a crisis", *(_share(one.false_crisis) for one in found)),
            ("T2 taken for a crisis", *(_share(one.raised) for one in found)),
            ("exact", *(_share(one.exact) for one in found)),
            ("within one", *(_share(one.within_one) for one in found)),
            ("two or more low", *(_share(one.under_two) for one in found)),
            ("kappa (quadratic)", *(_estimate(one.kappa) for one in found)),
        ],
    )
    yield from _confusion("all", report.dialogues["all"].confusion)
    yield from _table(
        ("kind", "dialogues", "end two or more levels low", "crisis heard in time", "calm taken for a crisis", "kappa"),
        [
            (
                name,
                str(one.dialogues),
                *map(_share, (one.end_short, one.in_time, one.false_crisis)),
                _estimate(one.kappa),
            )
            for name, one in report.dialogue_kinds.items()
        ],
    )


def _missed(report: Report) -> Iterator[str]:
    if not any(report.misses.values()):
        return
    yield "## Misses (id, labelled > heard)"
    yield ""
    for name, title in _MISSES.items():
        if report.misses[name]:
            misses = report.misses[name]
            more = f" and {len(misses) - _LISTED} more (report.json)" if len(misses) > _LISTED else ""
            first = ", ".join(f"{miss[0]} {_path(name, miss)}" for miss in misses[:_LISTED])
            yield f"- {title} ({len(misses)}): {first}{more}"
    yield ""


def _path(name: str, miss: Miss) -> str:
    rest = ["-" if one is None else str(one) for one in miss[1:]]
    return f"({' > '.join(rest)})" if not name.startswith("replies") else f"({rest[0] or '-'})"


def _aims(found: Sequence[Aim]) -> Iterator[str]:
    yield "## Aims"
    yield ""
    yield from _table(
        ("figure", "value", "aim", "met", "the whole interval too"),
        [(one.name, _value(one), one.aim, _yes(one.met), _yes(one.sure)) for one in found],
    )


def _value(aim: Aim) -> str:
    if aim.value is None:
        return "not measured"
    digits = 0 if aim.unit in ("µs", "") else 1
    span = "" if aim.low is None or aim.high is None else f" ({aim.low:.1f} to {aim.high:.1f})"
    return f"{aim.value:.{digits}f} {aim.unit}".strip() + f"{span}, n {aim.n}"


def _yes(answer: bool | None) -> str:
    return "" if answer is None else "yes" if answer else "no"


def _share(found: Rate) -> str:
    if found.value is None:
        return ""
    return f"{100 * found.value:.1f} % ({100 * found.low:.1f}-{100 * found.high:.1f}; {found.hits}/{found.n})"


def _estimate(found: Estimate) -> str:
    if found.value is None:
        return ""
    span = "" if found.low is None or found.high is None else f" ({found.low:.3f}-{found.high:.3f})"
    return f"{found.value:.3f}{span}"


def _moved(found: Change) -> str:
    if found.points is None or found.low is None or found.high is None:
        return "" if found.points is None else f"{found.points:+.1f} (of {found.n})"
    return f"{found.points:+.1f} ({found.low:+.1f} to {found.high:+.1f}; -{found.lost} +{found.gained} of {found.n})"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
