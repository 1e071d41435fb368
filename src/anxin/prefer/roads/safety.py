"""Safety pairs: sets that say which of two replies does less harm (PKU-SafeRLHF, hh-rlhf, JADE)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from anxin.corpus.complete import Done
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.stage import Report
from anxin.prefer.candidate import item_of, reply_id
from anxin.prefer.pair import Pair, Side
from anxin.prefer.rating import checked
from anxin.prefer.roads.keep import Keep
from anxin.prefer.roads.stage import Made, Sorting, licensed, run_road
from anxin.prefer.roads.taking import taken

__all__ = ["Safety", "safety_stage"]

_SIDES = ("chosen", "rejected")


@dataclass(frozen=True, slots=True)
class Safety:
    """Makes a pair of a sample with `chosen` and `rejected` in its metadata (`no_pair` where they are not).

    Where the set says of each reply whether it is `safe`, the chosen one must be (`chosen_unsafe`). Where the preferred
    reply is unsafe and the other safe, preference and label contradict each other (`contradicted`): PKU-SafeRLHF asks
    about help and harm apart. `contradicted = true` keeps those, and notes it. `rejected_unsafe` keeps a pair only
    where the other reply is unsafe (`both_safe`), `labelled` only where the set says (`unlabelled`). `accept` names
    sets that are used although their licence does not allow training (`licence`).
    """

    rejected_unsafe: bool = False
    labelled: bool = False
    contradicted: bool = False
    accept: tuple[str, ...] = ()
    keep: Keep = field(default_factory=Keep)

    def __call__(self, sample: Sample) -> Made | Drop:
        pair = self._pair(sample)
        kept = pair if isinstance(pair, Drop) else self.keep(pair)
        return kept if isinstance(kept, Drop) else Made((kept,), Counter())

    def _pair(self, sample: Sample) -> Pair | Drop:
        known = sample.metadata
        if not all(isinstance(known.get(side), str) for side in _SIDES):
            return Drop("no_pair")
        if (last := sample.dialogue.last) is None or last.role != "client":
            return Drop("not_the_clients", "the last words are not the client's")
        safe = known.get("safe")
        labels = _labels(safe)
        if why := self._why_not(labels):
            return Drop(why)
        metadata: dict[str, Any] = {"synthetic": False, "labels": labels}
        metadata |= {key: known[key] for key in ("safe", "split", "topic") if key in known}
        chosen, rejected = (_side(sample, side) for side in _SIDES)
        item = item_of(sample)
        id = f"{item}#{reply_id(item, chosen.text + rejected.text)[:8]}"
        return Pair(id, item, sample.dialogue, chosen, rejected, road="safety", source=sample.source, metadata=metadata)

    def _why_not(self, labels: str) -> str:
        if labels == "unlabelled":
            return "unlabelled" if self.labelled or self.rejected_unsafe else ""
        if labels == "contradicted":
            return "" if self.contradicted else "contradicted"
        if labels == "both_unsafe":
            return "chosen_unsafe"
        return "both_safe" if labels == "both_safe" and self.rejected_unsafe else ""


def safety_stage(
    place: Path,
    out: Path,
    how: Safety = Safety(),
    sorting: Sorting = Sorting(),  # noqa: B008 - frozen
    *,
    sources: Sequence[str] = (),
    report: Report,
) -> Done:
    """Safety pairs of the samples at `place`, or of these known sets in that folder. In the manifest `by` counts what
    the set's labels say of the written pairs, `counts.dropped` has the contradictions."""
    inputs, files, licences = taken(place, sources, how.accept)
    table = {"road": "safety", "sources": list(sources), **asdict(how)}
    return run_road(
        "safety", table, inputs, files, out, licensed(how, how.accept), sorting, report,
        counted=_counted, told=lambda: {"licences": licences},
    )  # fmt: skip


def _counted(pair: Pair) -> Iterator[str]:
    yield f"{pair.source or 'unnamed'} {pair.metadata['language']} {pair.metadata['labels']}"


def _labels(safe: Any) -> str:
    if not isinstance(safe, Mapping) or any(not isinstance(safe.get(side), bool) for side in _SIDES):
        return "unlabelled"
    match safe["chosen"], safe["rejected"]:
        case True, True:
            return "both_safe"
        case True, False:
            return "chosen_safe"
        case False, True:
            return "contradicted"
        case _:
            return "both_unsafe"


def _side(sample: Sample, side: str) -> Side:
    text = sample.metadata[side].strip()
    scores = sample.metadata.get(f"{side}_scores")
    given = checked(scores) if scores else {}
    return Side(text, reply_id(item_of(sample), text), str(sample.metadata.get(f"{side}_model") or ""), given)
