"""The stage by itself, outside a recipe: a folder in, a folder out, with its manifest."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anxin.corpus.files import Tally, shards
from anxin.corpus.manifest import MANIFEST, digest, file_facts, read_manifest, write_atomically, write_manifest
from anxin.corpus.stage import DONE, Report
from anxin.corpus.think.stage import REPORT, Think, table, think
from anxin.errors import DataError
from anxin.model.many import Spent
from anxin.model.protocol import Model

__all__ = ["Thought", "deidentified", "think_folder"]

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
    facts = file_facts(inputs)
    asked = table(options, model, judge)
    wanted = digest(asked, facts)
    done = read_manifest(out)
    if done is not None and done.get("digest") == wanted:
        return Thought(Tally.from_json(done["counts"]), done["thoughts"], True)
    begun = out / DONE / "digest"
    if out.exists() and any(out.iterdir()):
        known = begun.read_text(encoding="utf-8") if begun.exists() else ""
        if known != wanted:
            raise DataError(f"{out} holds the work of another input or other options; name another folder or delete it")
    write_atomically(begun, wanted)
    began = time.monotonic()
    tally = think(inputs, out, options, model, judge, report, spent)
    notes = [path for path in sorted((out / DONE).glob("*.json")) if not path.name.endswith(".thoughts.json")]
    damage = [where for path in notes for where in json.loads(path.read_text(encoding="utf-8"))["damage"]]
    thoughts: dict[str, Any] = json.loads((out / REPORT).read_text(encoding="utf-8"))
    body = {
        "stage": STAGE,
        "recipe": asked,
        "digest": wanted,
        "counts": tally.to_json(),
        "thoughts": thoughts,
        "seconds": round(time.monotonic() - began, 2),
        "damage": damage[:50],
    }
    outputs = sorted(path for path in out.rglob("*.jsonl.zst") if DONE not in path.parts)
    write_manifest(out, body, facts, file_facts([*outputs, out / REPORT], out))
    shutil.rmtree(out / DONE)
    return Thought(tally, thoughts, False)


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
