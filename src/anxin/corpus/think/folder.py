"""The stage by itself, outside a recipe: a folder in, a folder out, with its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anxin.corpus.complete import complete
from anxin.corpus.files import Tally, shards
from anxin.corpus.manifest import MANIFEST, file_facts, read_manifest
from anxin.corpus.stage import Report
from anxin.corpus.think.stage import REPORT, Think, table, think
from anxin.model.many import Spent
from anxin.model.protocol import Model

__all__ = ["Thought", "deidentified", "think_folder", "thoughts"]

STAGE = "think"


@dataclass(frozen=True, slots=True)
class Thought:
    """What became of the stage: its tally, its report on the thoughts, whether an earlier run had completed it."""

    tally: Tally
    thoughts: Mapping[str, Any]
    skipped: bool


def think_folder(
    place: Path, out: Path, options: Think, model: Model, judge: Model | None, report: Report, spent: Spent
) -> Thought:
    """`think` over the samples at `place` (a stage, a folder, a file) into the stage `out`, complete with a manifest.

    A stage that is complete is not done again; one that was broken off goes on. Raises `DataError` where `out` holds
    something else, or was made with other options: what has been paid for is never deleted.
    """
    inputs = shards(place)
    done = complete(
        STAGE,
        table(options, model, judge),
        file_facts(inputs),
        out,
        lambda: think(inputs, out, options, model, judge, report, spent),
        lambda: {"thoughts": thoughts(out)},
        replace=False,
    )
    return Thought(done.tally, done.manifest["thoughts"], done.skipped)


def thoughts(out: Path) -> dict[str, Any]:
    """What the stage at `out` reports of its thoughts, for its manifest."""
    found: dict[str, Any] = json.loads((out / REPORT).read_text(encoding="utf-8"))
    return found


def deidentified(place: Path) -> bool:
    """Whether a manifest of the stage at `place`, or of a stage beside it, shows the step `personal`."""
    for folder in (place, place.parent):
        for path in (folder / MANIFEST, *sorted(folder.glob(f"*/{MANIFEST}"))):
            body = read_manifest(path.parent)
            if body is not None and _names(body.get("recipe"), "personal"):
                return True
    return False


def _names(node: object, step: str) -> bool:
    if isinstance(node, dict):
        return any(_names(value, step) for value in node.values())
    if isinstance(node, list):
        return any(_names(value, step) for value in node)
    return node == step
