"""The report's pictures, one PNG each. Needs matplotlib, which the extra `evaluate` brings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anxin.errors import MissingExtra
from anxin.evaluate.safety.figures import LEVELS
from anxin.evaluate.safety.measure import Report
from anxin.evaluate.safety.sentences import KindFigures

__all__ = ["plots"]

_COLOURS = {"own": "#2a6f97", "other": "#468faf", "negative": "#b5651d", "apart": "#888888"}


def plots(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write confusion, kinds, robustness and reliability, as far as they were measured; the files written.

    Raises `MissingExtra` where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("drawing plots", "evaluate") from None

    written: list[Path] = []

    def page(name: str, width: float, height: float, panels: int = 1) -> tuple[Any, Sequence[Any]]:
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        written.append(folder / f"{name}.png")
        return figure, figure.subplots(1, panels, squeeze=False)[0]

    if report.levels:
        figure, axes = page("confusion", 4.6 * len(report.levels), 4.4, len(report.levels))
        for place, (name, found) in zip(axes, report.levels.items(), strict=True):
            _heat(place, name, found.confusion)
        figure.savefig(written[-1], dpi=120)
    for side in ("own", "other", "negative"):
        rows = [row for row in report.kinds if row.side == side]
        if rows:
            figure, axes = page(f"kinds_{side}", 7.5, 1.2 + 0.24 * len(rows))
            _bars(axes[0], side, rows)
            figure.savefig(written[-1], dpi=120)
    if report.robustness:
        figure, axes = page("robustness", 7.5, 1.4 + 0.3 * len(report.robustness))
        _lost(axes[0], report)
        figure.savefig(written[-1], dpi=120)
    if report.calibration:
        figure, axes = page("reliability", 4.6 * len(report.calibration), 4.4, len(report.calibration))
        for place, (name, known) in zip(axes, report.calibration.items(), strict=True):
            bins = [one for one in known.bins if one.n]
            place.plot([0, 1], [0, 1], color="#aaaaaa", linewidth=1)
            place.plot([one.mean for one in bins], [one.share for one in bins], marker="o", color=_COLOURS["own"])
            for one in bins:
                place.annotate(f" {one.n}", (one.mean, one.share), fontsize=7, va="top")
            place.set(title=f"{name} ({known.n})", xlabel="probability of T2+ given", ylabel="share at T2+")
        figure.savefig(written[-1], dpi=120)
    return tuple(written)


def _heat(place: Any, name: str, table: Sequence[Sequence[int]]) -> None:
    shares = [[count / (sum(row) or 1) for count in row] for row in table]
    place.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = [f"T{level}" for level in range(LEVELS)]
    place.set(title=name, xlabel="heard", ylabel="labelled")
    place.set_xticks(range(LEVELS), ticks)
    place.set_yticks(range(LEVELS), ticks)
    for i, row in enumerate(table):
        for j, count in enumerate(row):
            if count:
                place.text(j, i, count, ha="center", va="center", color="white" if shares[i][j] > 0.55 else "black")


def _bars(place: Any, side: str, rows: Sequence[KindFigures]) -> None:
    known = [(f"{row.kind} {row.lang}", row.t2) for row in rows if row.t2.value is not None][::-1]
    values = [100 * (found.value or 0) for _, found in known]
    below = [value - 100 * found.low for value, (_, found) in zip(values, known, strict=True)]
    above = [100 * found.high - value for value, (_, found) in zip(values, known, strict=True)]
    places = list(range(len(known)))
    place.barh(places, values, color=_COLOURS[side], height=0.7)
    place.errorbar(
        values, places, xerr=[[max(0, one) for one in below], [max(0, one) for one in above]], fmt="none",
        ecolor="black", elinewidth=0.8, capsize=2,
    )  # fmt: skip
    place.set_yticks(places, [f"{name} ({found.n})" for name, found in known], fontsize=8)
    place.set(xlim=(0, 100), xlabel="% heard at T2 or above, with 95 % interval", title=f"{side}: by kind")
    place.margins(y=0.01)


def _lost(place: Any, report: Report) -> None:
    rules = list(report.robustness or ())[::-1]
    for shift, (label, colour, pick) in enumerate(
        (
            ("acute at T3+", _COLOURS["own"], [rule.acute_t3 for rule in rules]),
            ("own at T2+", _COLOURS["other"], [rule.own_t2 for rule in rules]),
            ("false alarms at T2+", _COLOURS["negative"], [rule.alarms_t2 for rule in rules]),
        )
    ):
        places = [at + 0.27 - 0.27 * shift for at in range(len(rules))]
        place.barh(places, [moved.points or 0 for moved in pick], height=0.25, color=colour, label=label)
    place.axvline(0, color="black", linewidth=0.8)
    place.axvline(-2, color="#cc0000", linewidth=0.8, linestyle=":")
    place.set_yticks(range(len(rules)), [rule.rule for rule in rules])
    place.set(xlabel="points gained or lost on the same texts", title="robustness")
    place.legend(fontsize=8, loc="lower left")
