"""From sources to clean, split samples on disk, with a manifest that counts every drop."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from pathlib import Path
from typing import IO

from anxin.corpus import Drop, Sample, clean, read
from anxin.train.recipe import Recipe, Source

__all__ = ["prepare"]


def prepare(recipe: Recipe, data: Path, beside: Path, out: Path) -> dict[str, object]:
    """Write `pretrain.jsonl`, `sft.jsonl`, `heldout.jsonl` and `dropped.jsonl` into `out`; return the manifest.

    `data` is the folder of the sources, `beside` that of the recipe. Held-out dialogues are those whose hashed id is
    smallest, so that the split does not move when a source grows elsewhere. Complete work is not done again.
    """
    manifest = out / "manifest.json"
    if manifest.exists():
        done: dict[str, object] = json.loads(manifest.read_text(encoding="utf-8"))
        return done
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    counts: dict[str, dict[str, int]] = {}
    with (
        (out / "pretrain.jsonl").open("w", encoding="utf-8") as pretrain,
        (out / "sft.jsonl").open("w", encoding="utf-8") as sft,
        (out / "heldout.jsonl").open("w", encoding="utf-8") as heldout,
        (out / "dropped.jsonl").open("w", encoding="utf-8") as dropped,
    ):
        for source in recipe.sources:
            counts[source.name] = _one(source, recipe, data, beside, pretrain, sft, heldout, dropped)
    done = {"recipe": recipe.name, "counts": counts, "seconds": round(time.monotonic() - began, 1)}
    manifest.write_text(json.dumps(done, ensure_ascii=False, indent=2), encoding="utf-8")
    return done


def _one(
    source: Source,
    recipe: Recipe,
    data: Path,
    beside: Path,
    pretrain: IO[str],
    sft: IO[str],
    heldout: IO[str],
    dropped: IO[str],
) -> dict[str, int]:
    folder = beside if source.within_recipe else data
    unwanted = set(json.loads((folder / source.drop_ids).read_text(encoding="utf-8"))) if source.drop_ids else set()
    counts: Counter[str] = Counter()
    kept: list[Sample] = []
    seen: set[str] = set()
    for sample in read(source.reader, folder / source.path):
        result = Drop("overlaps_test_sets") if sample.id in unwanted else clean(sample, recipe.crisis)
        if isinstance(result, Sample):
            first = result.document[:200] or "\n".join(message.text for message in result.dialogue.messages[:2])
            result = Drop("duplicate") if first in seen else result
            seen.add(first)
        if isinstance(result, Drop):
            counts[f"dropped_{result.reason}"] += 1
            dropped.write(json.dumps({"source": source.name, "id": sample.id, "reason": result.reason}) + "\n")
        else:
            kept.append(result)
    held = {sample.id for sample in sorted(kept, key=lambda sample: _hash(source.name, sample.id))[: source.held_out]}
    for sample in kept:
        line = _line(source, sample)
        if sample.id in held:
            heldout.write(line)
        else:
            share = int.from_bytes(_hash(f"share/{source.name}", sample.id)[:4], "big") / 2**32
            pretrain.write(line * _copies(source.pretrain, share))
            sft.write(line * _copies(source.sft, share))
    counts.update(kept=len(kept) - len(held), held_out=len(held))
    return dict(counts)


def _copies(times: float, share: float) -> int:
    return int(times) + (share < times - int(times))


def _hash(source: str, id: str) -> bytes:
    return hashlib.sha256(f"{source}/{id}".encode()).digest()


def _line(source: Source, sample: Sample) -> str:
    body: dict[str, object] = {"source": source.name, "id": sample.id}
    if sample.document:
        body["text"] = sample.document
    else:
        body["messages"] = sample.dialogue.to_wire()
    return json.dumps(body, ensure_ascii=False) + "\n"
