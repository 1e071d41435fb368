"""A pair: to the same words of a client, a reply that is preferred and one that is not, however that was found out.

In files a pair is one JSON line that trainers of the TRL kind read as it is (`prompt`, `chosen`, `rejected` are lists
of messages), with what is known of each side beside it. Roads without scores (votes, safety labels, corrections) leave
the scores out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anxin.dialogue import Dialogue
from anxin.errors import DataError, DialogueError
from anxin.prefer.principles import principle_keys, total
from anxin.prefer.rating import checked

__all__ = ["Pair", "Side", "pair_from", "pair_record"]

_SIDES = ("chosen", "rejected")
_OWN = frozenset(
    {"id", "item", "source", "road", "prompt", "leads", *_SIDES}
    | {f"{side}_{what}" for side in _SIDES for what in ("id", "model", "scores", "barred", "length")}
)


@dataclass(frozen=True, slots=True)
class Side:
    """One reply of a pair. `scores` by principle, empty where it was not scored; `barred` as in `Candidate`."""

    text: str
    id: str = ""
    model: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    barred: str = ""

    @property
    def total(self) -> float | None:
        """The mean of its scores, None where it has none."""
        return total(self.scores) if self.scores else None

    @property
    def length(self) -> int:
        """In characters."""
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Pair:
    """`item` names what the client said (`prompt`, which ends with the client); `id` this pair.

    `road` tells how the preference was found: `principles`, or another's name. `leads` is by how much each rater puts
    the chosen side higher; metadata are JSON values.
    """

    id: str
    item: str
    prompt: Dialogue
    chosen: Side
    rejected: Side
    road: str = "principles"
    source: str = ""
    leads: Mapping[str, float] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def margin(self) -> float | None:
        """The chosen side's total less the other's, None where they were not scored."""
        if self.chosen.total is None or self.rejected.total is None:
            return None
        return self.chosen.total - self.rejected.total


def pair_record(pair: Pair) -> dict[str, Any]:
    """The pair as one JSON object."""
    record: dict[str, Any] = {"id": pair.id, "item": pair.item, "road": pair.road}
    if pair.source:
        record["source"] = pair.source
    record["prompt"] = pair.prompt.to_wire()
    sides = {"chosen": pair.chosen, "rejected": pair.rejected}
    for name, side in sides.items():
        record[name] = [{"role": "assistant", "content": side.text}]
    for name, side in sides.items():
        for key, value in (("id", side.id), ("model", side.model), ("barred", side.barred)):
            if value:
                record[f"{name}_{key}"] = value
        if side.scores:
            record[f"{name}_scores"] = {key: round(side.scores[key], 4) for key in principle_keys()}
        record[f"{name}_length"] = side.length
    if pair.leads:
        record["leads"] = {rater: round(lead, 4) for rater, lead in pair.leads.items()}
    return record | {key: value for key, value in pair.metadata.items() if key not in _OWN}


def pair_from(record: Mapping[str, Any]) -> Pair:
    """The pair that `pair_record` wrote, or a TRL preference record: lists of messages, or plain strings.

    Raises `DataError` without naming a file: the caller knows it.
    """
    sides: dict[str, Side] = {}
    for name in _SIDES:
        scores = record.get(f"{name}_scores")
        sides[name] = Side(
            _reply(record, name),
            str(record.get(f"{name}_id", "")),
            str(record.get(f"{name}_model", "")),
            checked(scores) if scores else {},
            str(record.get(f"{name}_barred", "")),
        )
    leads = record.get("leads", {})
    if not isinstance(leads, Mapping):
        raise DataError("leads is not an object")
    return Pair(
        str(record.get("id", "")),
        str(record.get("item", record.get("id", ""))),
        _prompt(record.get("prompt"), str(record.get("item", ""))),
        sides["chosen"],
        sides["rejected"],
        str(record.get("road", "")),
        str(record.get("source", "")),
        {str(rater): float(lead) for rater, lead in leads.items()},
        {key: value for key, value in record.items() if key not in _OWN},
    )


def _prompt(raw: Any, id: str) -> Dialogue:
    if isinstance(raw, str):
        return Dialogue(id=id).says("client", raw)
    if not isinstance(raw, list) or not raw:
        raise DataError("prompt is neither text nor a list of messages")
    try:
        dialogue = Dialogue.from_wire(raw, id)
    except DialogueError as error:
        raise DataError(f"prompt: {error}") from None
    if dialogue.messages[-1].role != "client":
        raise DataError("the prompt does not end with the client")
    return dialogue


def _reply(record: Mapping[str, Any], name: str) -> str:
    raw = record.get(name)
    if isinstance(raw, str):
        return raw
    if isinstance(raw, list) and len(raw) == 1:
        try:
            message = Dialogue.from_wire(raw).messages[0]
        except DialogueError as error:
            raise DataError(f"{name}: {error}") from None
        if message.role == "counsellor":
            return message.text
    raise DataError(f"{name} is neither text nor one assistant's message")
