"""Ratings: thumbs and axes that people gave in the service, as pairs where two replies answer the same words, and as
single labels where there is but one.

Labels stand apart from pairs, in `labels/train.jsonl.zst`, in TRL's unpaired format with an explicit prompt:
`{"prompt": [...], "completion": [{"role": "assistant", ...}], "label": true}`, as its KTO trainer reads them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from anxin.corpus.complete import Done
from anxin.corpus.files import Damage, read_records
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.stage import Report
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError
from anxin.prefer.candidate import item_of, reply_id
from anxin.prefer.pair import Pair, Side
from anxin.prefer.roads.groups import Groups
from anxin.prefer.roads.keep import Keep, unsafe
from anxin.prefer.roads.service import Style, admitted, export_files, rated, words_key
from anxin.prefer.roads.stage import WORK, Made, Sorting, run_road
from anxin.prefer.roads.taking import Input
from anxin.prefer.table import Lines

__all__ = ["LABELS", "Ratings", "ratings_stage"]

LABELS = "labels/train.jsonl.zst"


@dataclass(frozen=True, slots=True)
class Ratings:
    """Of two replies to the same words the one is chosen whose axes are on the mean at least `margin` higher; where
    axes are missing, the one with thumbs up only against one with thumbs down only. `by` names whose ratings count
    (empty: everybody's), `style` how personal data is replaced."""

    margin: float = 1.0
    by: tuple[str, ...] = ()
    style: Style = "stand_in"
    keep: Keep = field(default_factory=Keep)

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 4:
            raise ConfigError("margin must be above 0 and at most 4: axes go from 1 to 5")

    def __call__(self, sample: Sample) -> Made | Drop:
        replies: list[dict[str, Any]] = sample.metadata["replies"]
        if len(replies) < 2:
            return Drop("one_reply")
        left: Counter[str] = Counter()
        pairs: list[Pair] = []
        for place, one in enumerate(replies):
            for other in replies[place + 1 :]:
                ordered = self._ordered(one, other)
                pair = Drop(ordered) if isinstance(ordered, str) else self.keep(_pair(sample, *ordered))
                if isinstance(pair, Drop):
                    left[pair.reason] += 1
                else:
                    pairs.append(pair)
        return Made(tuple(pairs), left)

    def _ordered(self, one: dict[str, Any], other: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | str:
        """The better reply and the other, or why neither is."""
        if one["score"] is not None and other["score"] is not None:
            apart = one["score"] - other["score"]
            if abs(apart) < self.margin - 1e-9:
                return "too_close"
        else:
            thumbs = [{"up": 1, "down": -1}.get(reply["thumb"], 0) for reply in (one, other)]
            if 0 in thumbs:
                return "unrated"
            apart = thumbs[0] - thumbs[1]
            if not apart:
                return "tied"
        return (one, other) if apart > 0 else (other, one)


def ratings_stage(
    place: Path,
    out: Path,
    how: Ratings = Ratings(),
    sorting: Sorting = Sorting(),  # noqa: B008 - frozen
    *,
    report: Report,
) -> Done:
    """Pairs and labels of the service's `ratings.jsonl` at `place`: the file, or the folder of the export. In the
    manifest `labels` counts the labels. See `service`."""
    paths = export_files(place, "ratings")
    one = Input("ratings", partial(_samples, paths, how, out))
    table = {"road": "rating", **asdict(how)}
    return run_road(
        "ratings", table, [one], paths, out, how, sorting, report, private=True,
        counted=lambda pair: [str(pair.metadata["language"])], told=lambda: {"labels": _labels(out)},
    )  # fmt: skip


def _samples(paths: Sequence[Path], how: Ratings, out: Path) -> Iterator[Sample | Damage | Drop]:
    """A sample for each words of a client that were answered, with all its rated replies; labels on the way."""
    groups = Groups(out / WORK / "ratings.sqlite")
    for found in admitted(paths, rated, how.style):
        if isinstance(found, (Damage, Drop)):
            yield found
            continue
        name, record = found
        if how.by and record.by not in how.by:
            yield Drop("other_rater")
            continue
        body = {
            "messages": record.messages.to_wire(), "reply": record.reply, "thumb": record.thumb, "score": record.score,
            "model": record.model, "consent": record.consent.version,
        }  # fmt: skip
        groups.add(f"{name} {words_key(record.messages)}", json.dumps(body))
    groups.close()
    turns: Counter[str] = Counter()
    with Lines(out / LABELS) as labels:
        for key, bodies in groups:
            name = key.partition(" ")[0]
            turns[name] += 1
            records = [json.loads(body) for body in bodies]
            dialogue = Dialogue.from_wire(records[0]["messages"], name)
            replies = _replies(records)
            for reply in replies:
                if reply["thumb"] and not (reply["thumb"] == "up" and unsafe(reply["text"])):
                    labels.write(_label(dialogue, reply))
            yield Sample(f"{name}-{turns[name]}", dialogue, "", "service", {"conversation": name, "replies": replies})


def _replies(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each reply once: the mean of its axes over raters, its thumb where all who gave one agree."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        found.setdefault(record["reply"], []).append(record)
    replies: list[dict[str, Any]] = []
    for text, given in found.items():
        scores = [one["score"] for one in given if one["score"] is not None]
        thumbs = {one["thumb"] for one in given if one["thumb"]}
        replies.append({
            "text": text, "score": sum(scores) / len(scores) if scores else None,
            "thumb": thumbs.pop() if len(thumbs) == 1 else "", "model": given[0]["model"],
            "consent": given[0]["consent"],
        })  # fmt: skip
    return replies


def _label(dialogue: Dialogue, reply: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "prompt": dialogue.to_wire(),
        "completion": [{"role": "assistant", "content": reply["text"]}],
        "label": reply["thumb"] == "up",
        "conversation": dialogue.id,
        "consent": reply["consent"],
    }


def _pair(sample: Sample, better: Mapping[str, Any], worse: Mapping[str, Any]) -> Pair:
    item = item_of(sample)
    chosen, rejected = (Side(one["text"], reply_id(item, one["text"]), one["model"]) for one in (better, worse))
    metadata = {
        "synthetic": False, "conversation": sample.metadata["conversation"], "consent": better["consent"],
        "ratings": {
            side: {"axes": one["score"], "thumb": one["thumb"]}
            for side, one in (("chosen", better), ("rejected", worse))
        },
    }  # fmt: skip
    id = f"{item}#{chosen.id[:8]}{rejected.id[:8]}"
    return Pair(id, item, sample.dialogue, chosen, rejected, "rating", "service", {}, metadata)


def _labels(out: Path) -> dict[str, int]:
    counts = {"up": 0, "down": 0}
    for _, record in read_records(out / LABELS):
        if isinstance(record, dict):
            counts["up" if record["label"] else "down"] += 1
    return counts
