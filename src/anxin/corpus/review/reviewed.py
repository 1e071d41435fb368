"""The step that does what the reviewers decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from anxin.corpus.review.decision import DECISIONS, Decision, key_of, read_decisions, standing
from anxin.corpus.review.verdict import Ties, verdict
from anxin.corpus.sample import Drop, Sample
from anxin.errors import ConfigError

__all__ = ["Reviewed"]

_Table = tuple[Mapping[str, tuple[Decision, ...]], Mapping[tuple[str, str], tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Does as people decided on `anxin corpus review`: keeps, puts a fix in place, or drops (`rejected_by_review`).

    `decisions` is the review's folder or its `decisions.jsonl`. Of several reviewers the majority counts, each with
    their last decision; who is unsure has not decided; fewer than `needs` decisions are none. More rejections than
    acceptances and fixes together drop. More acceptances and fixes keep; the fix is then made if at least half of them
    are fixes: the words most of them wrote, the latest among equals. A tie drops, or with `ties = "keep"` keeps the
    words as they stand where nobody fixed them: a fix alone never brings back what another rejected.

    A decision is about the words that were read. If they have changed since, an acceptance counts for nothing, while
    what was rejected or fixed is dropped (`rejected_by_review`, `outdated_review`) rather than let through unread;
    decisions about what a rule had left out then say nothing about what it kept. A sample nobody has decided about is
    kept, or dropped (`not_reviewed`) with `only_reviewed`.
    """

    decisions: str
    needs: int = 1
    ties: Ties = "drop"
    only_reviewed: bool = False

    def __post_init__(self) -> None:
        if self.needs < 1:
            raise ConfigError("reviewed: needs is a number of reviewers, 1 or more")
        if self.ties not in ("drop", "keep"):
            raise ConfigError("reviewed: ties is drop or keep")
        if not self.file.is_file():
            raise ConfigError(f"reviewed: there are no decisions at {self.file}; anxin corpus review makes them")

    @property
    def file(self) -> Path:
        """The file of the decisions, whose content decides what the step does."""
        path = Path(self.decisions)
        return path / DECISIONS if path.is_dir() else path

    @property
    def reads(self) -> tuple[Path, ...]:
        """The file of the decisions."""
        return (self.file,)

    def __call__(self, sample: Sample) -> Sample | Drop:
        known = self.file.stat()
        by_item, by_id = _read(self.file, known.st_mtime_ns, known.st_size)
        item = key_of(sample)
        found = verdict(by_item.get(item, ()), self.needs, self.ties)
        if found is None:
            return self._of_other_words(sample, item, by_item, by_id)
        if found.kind == "reject":
            return Drop("rejected_by_review", f"tie; {found.why}".rstrip("; ") if found.tied else found.why)
        if found.kind == "keep" or found.fixed is None:
            return sample
        return replace(
            sample, dialogue=replace(found.fixed.dialogue, id=sample.dialogue.id), document=found.fixed.document
        )

    def _of_other_words(
        self,
        sample: Sample,
        item: str,
        by_item: Mapping[str, tuple[Decision, ...]],
        by_id: Mapping[tuple[str, str], tuple[str, ...]],
    ) -> Sample | Drop:
        """What was decided about other words under the same id, else that of a sample nobody has seen."""
        for other in by_id.get((sample.source, sample.id), ()):
            found = verdict(by_item[other], self.needs, self.ties) if other != item else None
            if found is None or found.kind == "keep":
                continue
            if found.kind == "reject":
                return Drop("rejected_by_review", f"in other words; {found.why}".rstrip("; "))
            if found.fixed is not None and key_of(found.fixed) == item:
                return sample  # the fix is in place already
            return Drop("outdated_review", "its words have changed since they were fixed; review it again")
        return Drop("not_reviewed") if self.only_reviewed else sample


@cache
def _read(path: Path, changed: int, size: int) -> _Table:
    """The decisions by item, and the items under each id that were not read as something left out. `changed` and
    `size` tell one state of the file from another."""
    by_item = {item: tuple(of_item.values()) for item, of_item in standing(read_decisions(path)).items()}
    by_id: dict[tuple[str, str], tuple[str, ...]] = {}
    for item, decisions in by_item.items():
        first = decisions[0]
        if first.where != "dropped":
            by_id[first.source, first.id] = (*by_id.get((first.source, first.id), ()), item)
    return by_item, by_id
