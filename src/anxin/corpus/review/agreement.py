"""What a review found: how far reviewers agree, and how often the rules were wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anxin.corpus.files import DROPPED
from anxin.corpus.review.decision import DECISIONS, Decision, read_decisions, standing
from anxin.corpus.review.draw import KEPT, Drawn, Item, drawn
from anxin.corpus.review.figures import Unit, alpha, bootstrap, kappa, percent, rate, weighted
from anxin.corpus.review.verdict import verdict

__all__ = ["agreement"]

_Standing = Mapping[str, Mapping[str, Decision]]


def agreement(review: Path) -> dict[str, Any]:
    """All figures of a review's folder, as JSON.

    `choices` compares accept, fix and reject, `keep` only whether it is kept; each with the share of agreeing pairs,
    Krippendorff's alpha (any number of reviewers, any item unseen by some), and Cohen's kappa where two reviewed. Who
    was unsure has not rated. `wrong_drops` is how often what a rule left out should have been kept, `wrong_keeps` how
    often what was kept should not: by the majority of its reviewers, ties left out. `all` weighs each kind by how many
    samples it stands for. Raises `DataError` where there is no review or nobody has decided yet.
    """
    found = drawn(review)
    decided = standing(read_decisions(review / DECISIONS))
    by_item = {item.key: decided.get(item.key, {}) for item in found.items}
    return {
        "items": len(found.items),
        "decided": sum(any(d.choice != "unsure" for d in of.values()) for of in by_item.values()),
        "reviewers": _reviewers(by_item),
        "choices": _figures(by_item, lambda decision: decision.choice),
        "keep": _figures(by_item, lambda decision: decision.choice != "reject"),
        "reasons": _reasons(found.items, by_item),
        "why": _why(by_item),
        "wrong_drops": _wrong(found, by_item, DROPPED, wrong=("keep", "fix")),
        "wrong_keeps": _wrong(found, by_item, KEPT, wrong=("reject",)),
        "to_fix": _wrong(found, by_item, KEPT, wrong=("fix",)),
    }


def _reviewers(by_item: _Standing) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for of_item in by_item.values():
        for reviewer, decision in of_item.items():
            counts[reviewer][decision.choice] += 1
    return {reviewer: dict(sorted(counts[reviewer].items())) for reviewer in sorted(counts)}


def _units(by_item: _Standing, value: Any) -> list[Unit]:
    return [[value(d) for d in of_item.values() if d.choice != "unsure"] for of_item in by_item.values()]


def _figures(by_item: _Standing, value: Any, interval: bool = True) -> dict[str, Any]:
    units = [unit for unit in _units(by_item, value) if len(unit) > 1]
    result: dict[str, Any] = {"items": len(units), "percent": _round(percent(units)), "alpha": _round(alpha(units))}
    if interval:
        limits = bootstrap(units, alpha) if units else None
        result["alpha_95"] = None if limits is None else [_round(limit) for limit in limits]
        reviewers = sorted({reviewer for of_item in by_item.values() for reviewer in of_item})
        if len(reviewers) == 2:
            both = [
                (value(of_item[reviewers[0]]), value(of_item[reviewers[1]]))
                for of_item in by_item.values()
                if len(of_item) == 2 and all(decision.choice != "unsure" for decision in of_item.values())
            ]
            result["kappa"] = _round(kappa(both))
    return result


def _reasons(items: Sequence[Item], by_item: _Standing) -> dict[str, dict[str, Any]]:
    """Agreement about keeping by the rule's reason, or by where it was found for what no rule left out."""
    groups: dict[str, dict[str, Mapping[str, Decision]]] = defaultdict(dict)
    for item in items:
        groups[item.reason or item.where][item.key] = by_item[item.key]
    return {
        name: _figures(group, lambda decision: decision.choice != "reject", interval=False)
        for name, group in sorted(groups.items())
    }


def _why(by_item: _Standing) -> dict[str, Any]:
    """How often each reason was given, and how often two who reject the same item give the same."""
    counts: Counter[str] = Counter()
    shared: list[Unit] = []
    for of_item in by_item.values():
        given = [decision.why or "note" for decision in of_item.values() if decision.choice == "reject"]
        counts.update(given)
        shared.append(given)
    return {"counts": dict(counts.most_common()), "same": _round(percent(shared))}


def _wrong(found: Drawn, by_item: _Standing, where: str, wrong: Sequence[str]) -> dict[str, Any] | None:
    """By stratum and over all, how often the verdict on what lies in `where` is among `wrong`; None where it was not
    looked at."""
    stands_for = {stratum.name: stratum for stratum in found.strata if stratum.where == where and stratum.drawn}
    cases: dict[str, list[bool]] = {name: [] for name in stands_for}
    tied = 0
    for item in found.items:
        given = verdict(tuple(by_item[item.key].values())) if item.where == where else None
        if given is None:
            continue
        if given.tied:
            tied += 1
        else:
            cases.setdefault(item.stratum, []).append(given.kind in wrong)
    if not any(cases.values()):
        return None
    sizes = {name: stands_for[name].of if name in stands_for else len(hits) for name, hits in cases.items()}
    whole = [(sizes[name] / len(hits), hit) for name, hits in cases.items() for hit in hits]
    table = {name or where: rate(sum(hits), len(hits)).to_json() for name, hits in cases.items() if hits}
    return {"all": weighted(whole).to_json(), "tied": tied, "kinds": table}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
