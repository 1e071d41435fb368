"""Corrections: what a counsellor would have said, against what the model did say, from the service's export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from anxin.corpus.complete import Done
from anxin.corpus.files import Damage
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.stage import Report
from anxin.prefer.candidate import item_of, reply_id
from anxin.prefer.pair import Pair, Side
from anxin.prefer.roads.keep import Keep
from anxin.prefer.roads.service import Style, admitted, corrected, export_files
from anxin.prefer.roads.stage import Made, Sorting, run_road
from anxin.prefer.roads.taking import Input

__all__ = ["Corrections", "corrections_stage"]


@dataclass(frozen=True, slots=True)
class Corrections:
    """The correction is chosen, the model's reply rejected. `roles` are those whose corrections count (`other_role`
    the others); `style` is how personal data is replaced. Prompts in crisis never enter, whatever `keep` says."""

    roles: tuple[str, ...] = ("counsellor",)
    style: Style = "stand_in"
    keep: Keep = field(default_factory=Keep)

    def __call__(self, sample: Sample) -> Made | Drop:
        known = sample.metadata
        if known["role"] not in self.roles:
            return Drop("other_role", known["role"])
        item = item_of(sample)
        chosen = Side(known["correction"], reply_id(item, known["correction"]), known["role"])
        rejected = Side(known["reply"], reply_id(item, known["reply"]), known["model"])
        metadata = {
            "synthetic": False, "conversation": known["conversation"], "role": known["role"],
            "consent": known["consent"],
        }  # fmt: skip
        id = f"{item}#{chosen.id[:8]}"
        pair = Pair(id, item, sample.dialogue, chosen, rejected, "correction", "service", {}, metadata)
        kept = self.keep(pair)
        return kept if isinstance(kept, Drop) else Made((kept,), Counter())


def corrections_stage(
    place: Path,
    out: Path,
    how: Corrections = Corrections(),
    sorting: Sorting = Sorting(),  # noqa: B008 - frozen
    *,
    report: Report,
) -> Done:
    """Pairs of the service's `corrections.jsonl` at `place`: the file, or the folder of the export. See `service`."""
    paths = export_files(place, "corrections")
    one = Input("corrections", partial(_samples, paths, how.style))
    table = {"road": "correction", **asdict(how)}
    return run_road(
        "corrections", table, [one], paths, out, how, sorting, report, private=True,
        counted=lambda pair: [f"{pair.metadata['language']} {pair.metadata['role']}"],
    )  # fmt: skip


def _samples(paths: Sequence[Path], style: Style) -> Iterator[Sample | Damage | Drop]:
    turns: Counter[str] = Counter()
    for found in admitted(paths, corrected, style):
        if isinstance(found, (Damage, Drop)):
            yield found
            continue
        name, record = found
        turns[name] += 1
        metadata = {
            "conversation": name, "reply": record.reply, "correction": record.correction, "role": record.role,
            "model": record.model, "consent": record.consent.version,
        }  # fmt: skip
        yield Sample(f"{name}-{turns[name]}", record.messages, "", "service", metadata)
