"""What one reviewer decided about one item, and how decisions stand in `decisions.jsonl`.

A line is `{"item", "source", "id", "where", "reviewer", "choice", "why", "note", "fixed", "at"}`. `choice` is accept,
fix, reject, unsure or undo; `why` one of `WHY`; `fixed` the words instead, as `{"messages"}` or `{"text"}`. Lines are
only ever added: of one reviewer's on one item the last holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from anxin.corpus.files import Damage, read_records
from anxin.corpus.sample import Sample, from_record, to_record
from anxin.errors import DataError

__all__ = ["DECISIONS", "WHY", "Choice", "Decision", "decision_from", "key_of", "read_decisions", "standing"]

DECISIONS: Final = "decisions.jsonl"
Choice = Literal["accept", "fix", "reject", "unsure", "undo"]
WHY: Final = (
    "as_the_rule",  # offered for what a rule has left out
    "harmful",
    "poor_advice",
    "not_counselling",
    "roles",
    "broken",
    "personal_data",
    "advert",
    "machine",
    "repeats",
)
"""Why something is rejected, in the order the page numbers them. Anything else is said in the note."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`item` stands for the words that were read (`key_of`), `where` for where they were found: kept, dropped or the
    name of a shard set aside. `fixed` holds the words a fix puts in their place."""

    item: str
    reviewer: str
    choice: Choice
    source: str = ""
    id: str = ""
    where: str = "kept"
    why: str = ""
    note: str = ""
    fixed: Sample | None = None
    at: str = ""

    @property
    def said(self) -> str:
        """Why, as far as the reviewer said: the word of the list, the note, or both."""
        return ": ".join(filter(None, (self.why, self.note)))

    def to_record(self) -> dict[str, Any]:
        """As it stands in the file."""
        record: dict[str, Any] = {"item": self.item, "source": self.source, "id": self.id, "where": self.where}
        record |= {"reviewer": self.reviewer, "choice": self.choice}
        if self.why:
            record["why"] = self.why
        if self.note:
            record["note"] = self.note
        if self.fixed is not None:
            whole = to_record(self.fixed)
            record["fixed"] = {key: whole[key] for key in ("messages", "text") if key in whole}
        return record | {"at": self.at}


def key_of(sample: Sample) -> str:
    """The name of a sample's words under its id: other words are another item, and nobody has reviewed them yet."""
    record = to_record(sample)
    words = repr((sample.source, sample.id, record.get("messages"), record.get("text")))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def decision_from(record: Mapping[str, Any]) -> Decision:
    """The decision of a record. Raises `DataError` without naming a file: the caller knows it."""
    for name in ("item", "reviewer", "choice"):
        if not isinstance(record.get(name), str) or not record[name]:
            raise DataError(f"no {name} in the decision")
    if record["choice"] not in get_args(Choice):
        raise DataError(f"choice is one of {', '.join(get_args(Choice))}, not {record['choice']}")
    texts = {name: str(record.get(name) or "") for name in ("source", "id", "why", "note", "at")}
    fixed = record.get("fixed")
    if (record["choice"] == "fix") != isinstance(fixed, Mapping):
        raise DataError("a fix, and nothing else, says in fixed what stands there instead")
    return Decision(
        item=record["item"],
        reviewer=record["reviewer"],
        choice=record["choice"],
        where=str(record.get("where") or "kept"),
        fixed=from_record(fixed, texts["id"], texts["source"]) if isinstance(fixed, Mapping) else None,
        **texts,
    )


def read_decisions(path: Path) -> Iterator[Decision | Damage]:
    """Every decision in a file, or in the file of a review's folder, in order; what cannot be read comes as `Damage`.

    Raises `DataError` where there is no such file.
    """
    file = path / DECISIONS if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"{file} does not exist; anxin corpus review makes it")
    for number, record in read_records(file):
        if isinstance(record, Damage):
            yield record
            continue
        try:
            yield decision_from(record)
        except DataError as error:
            yield Damage("unreadable", f"{file.name} line {number}: {error}")


def standing(decisions: Iterable[Decision | Damage]) -> dict[str, dict[str, Decision]]:
    """What holds: by item and reviewer the last decision, in the order they were made; undone ones are gone."""
    found: dict[str, dict[str, Decision]] = {}
    for decision in decisions:
        if isinstance(decision, Damage):
            continue
        of_item = found.setdefault(decision.item, {})
        of_item.pop(decision.reviewer, None)
        if decision.choice != "undo":
            of_item[decision.reviewer] = decision
    return {item: of_item for item, of_item in found.items() if of_item}
