"""How every stage runs: shard by shard, in batches to models, going on where it stopped."""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from anxin.corpus.files import DATA, DROPPED, Damage, Shard, Tally, read_samples, shards
from anxin.corpus.manifest import MANIFEST, File, digest, file_facts, read_manifest, write_atomically, write_manifest
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.stage import DONE, Report, finished, mark, names
from anxin.errors import ConfigError
from anxin.prefer.asking import Asking

__all__ = ["BATCH", "SHOWN", "begun", "data_files", "outputs", "run_stage"]

BATCH: Final = 64
"""Statements asked about before any of them is written: what memory holds of a corpus."""
SHOWN: Final = 20
"""Places that could not be read, as a manifest names them."""
_RECIPE: Final = "recipe"


async def run_stage(
    paths: Sequence[Path],
    out: Path,
    table: Mapping[str, Any],
    first: Callable[[Sample], Sample | Drop],
    then: Callable[[Sequence[Sample]], Awaitable[Sequence[Sample | Drop]]],
    close: Callable[[], Awaitable[None]],
    told: Callable[[Path], dict[str, Any]],
    asking: Asking,
    report: Report,
    again: bool,
    beside: Sequence[Path] = (),
) -> dict[str, Any]:
    """Shard by shard: `first` on each sample, `then` on batches of what it lets through; the manifest.

    `table` holds what decides the result, with the stage's name; with the content of `paths` and of the files `beside`
    it tells whether the stage is complete. `told` reads the facts for the manifest back from the data, so that a run
    that was interrupted tells the same; `close` lets go of the models.
    """
    inputs = file_facts([*paths, *beside])
    if (complete := begun(out, table, inputs, again)) is not None:
        return complete
    began = time.monotonic()
    tally, what = Tally(), str(table["stage"])
    try:
        report(what, 0, len(paths))
        for number, (path, name) in enumerate(zip(paths, names(paths), strict=True), start=1):
            if (done := finished(out, name)) is not None:
                for sample in read_samples(path):  # what `first` has seen decides what it makes of later shards
                    if not isinstance(sample, Damage):
                        first(sample)
            else:
                done = await _shard(path, out, name, first, then, lambda read: report(f"{what}: {read} read", 0, 0))
            tally.add(done)
            report(what, number, len(paths))
    finally:
        await close()
    known = told(out)
    known["failures"] += tally.dropped["no_reply"]
    body = {
        **table,
        "digest": digest(table, inputs),
        "counts": tally.to_json(),
        **known,
        "asked": asdict(asking.spent),
        "seconds": round(time.monotonic() - began, 3),
    }
    for left in [*(out / DATA).glob("*.part"), *(out / DROPPED).glob("*.part")]:  # by a process that was killed
        left.unlink(missing_ok=True)
    write_manifest(out, body, inputs, file_facts(outputs(out), out))
    return body


async def _shard(
    path: Path,
    out: Path,
    name: str,
    first: Callable[[Sample], Sample | Drop],
    then: Callable[[Sequence[Sample]], Awaitable[Sequence[Sample | Drop]]],
    read: Callable[[int], None],
) -> Tally:
    damaged: list[str] = []
    waiting: list[tuple[Sample, Sample]] = []
    with Shard(out, name) as shard:

        async def flush() -> None:
            made = await then([after for _, after in waiting])
            for (before, _), result in zip(waiting, made, strict=True):
                shard.put(before, result)
            waiting.clear()
            read(shard.tally.read)

        for sample in read_samples(path):
            if isinstance(sample, Damage):
                damaged.append(sample.where)
                shard.put(sample)
                continue
            result = first(sample)
            if isinstance(result, Drop):
                shard.put(sample, result)
                continue
            waiting.append((sample, result))
            if len(waiting) == BATCH:
                await flush()
        if waiting:
            await flush()
    mark(out, name, shard.tally, damaged[:SHOWN])
    return shard.tally


def begun(out: Path, table: Mapping[str, Any], inputs: Sequence[File], again: bool) -> dict[str, Any] | None:
    """The manifest of a stage that is complete; else its folder, ready to go on or to begin. Raises `ConfigError` where
    the folder holds something else."""
    key = digest(table, inputs)
    manifest = read_manifest(out)
    if manifest is not None and manifest.get("digest") == key and not (again and manifest.get("failures")):
        return manifest
    noted = out / DONE / _RECIPE
    known = noted.read_text(encoding="utf-8").strip() if noted.is_file() else None
    if known != key or manifest is not None:
        ours = known is not None or (manifest is not None and manifest.get("stage") == table["stage"])
        if not ours and (out.is_file() or ((out / DATA).exists() or manifest is not None)):
            raise ConfigError(f"{out} holds something else; name a new folder")
        for stale in (DATA, DROPPED, DONE):
            shutil.rmtree(out / stale, ignore_errors=True)
        (out / MANIFEST).unlink(missing_ok=True)
    write_atomically(noted, key + "\n")
    return None


def data_files(inputs: Sequence[Path]) -> list[Path]:
    """The data files at all places, in order."""
    return [path for place in inputs for path in shards(place)]


def outputs(out: Path) -> list[Path]:
    """What a stage has written, for its manifest."""
    return sorted(path for folder in (out / DATA, out / DROPPED) if folder.is_dir() for path in folder.iterdir())
