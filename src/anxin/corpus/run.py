"""A recipe from its sources to its last stage: what is complete is skipped, what was broken off is gone on with."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from anxin.corpus.card import Card, card
from anxin.corpus.dedup import Dedup, dedup
from anxin.corpus.files import DATA, DROPPED, Damage, Shard, Tally, shards
from anxin.corpus.manifest import MANIFEST, File, digest, file_facts, read_manifest, write_atomically, write_manifest
from anxin.corpus.mix import Mix, mix
from anxin.corpus.recipe import READ, Recipe, Source, Stage
from anxin.corpus.sample import Sample, Step
from anxin.corpus.sources import DropIds, Origin, allow, files_of, locate, open_source, origin
from anxin.corpus.stage import DONE, Report, Steps, each_shard, finished, mark, run_steps
from anxin.errors import ConfigError, DataError

__all__ = ["SHARD", "Done", "check", "folder_of", "run"]

SHARD = 2_000
"""Samples to a shard of the first stage, kept by later ones. A kill costs at most this much work a process."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one stage. `skipped` says that an earlier run had completed it."""

    stage: str
    tally: Tally
    seconds: float
    skipped: bool
    damage: tuple[str, ...] = ()


def check(recipe: Recipe, data: Path, accept: Sequence[str] = ()) -> list[Origin]:
    """Every source's facts, its licence allowed and its files there. Raises the first fault; writes nothing."""
    origins: list[Origin] = []
    for source in recipe.sources:
        facts = origin(source.name, source.reader, source.licence)
        allow(facts, recipe.purpose, {*recipe.accept, *accept})
        if not files_of(facts, _place(source, data)):
            raise DataError(f"{_place(source, data)} holds no file of {facts.name}")
        origins.append(facts)
    return origins


def run(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    jobs: int = 1,
    accept: Sequence[str] = (),
    upto: str = "",
    shard: int = SHARD,
    report: Report = lambda what, done, of: None,
) -> Iterator[Done]:
    """Do the stages of `recipe` in folders under `out`, up to and with the stage `upto`; yield each as it ends.

    Raises `DataError` for input that cannot be used and `ConfigError` for an `upto` that is no stage.
    """
    if upto and upto not in {READ, *(stage.name for stage in recipe.stages)}:
        raise ConfigError(f"no stage {upto}; the recipe has {', '.join((READ, *(s.name for s in recipe.stages)))}")
    origins = check(recipe, data, accept)
    yield _read(recipe, origins, data, out / READ, jobs, shard, report)
    for stage in recipe.stages if upto != READ else ():
        yield _stage(stage, out, jobs, report)
        if stage.name == upto:
            return


def folder_of(out: Path, taken: str) -> Path:
    """The folder of what a stage left: `clean` for what goes on, `clean/crisis` for what it set aside."""
    stage, _, aside = taken.partition("/")
    return out / stage / (aside or DATA)


def _read(
    recipe: Recipe, origins: Sequence[Origin], data: Path, out: Path, jobs: int, shard: int, report: Report
) -> Done:
    places = [_place(source, data) for source in recipe.sources]
    files = [path for facts, place in zip(origins, places, strict=True) for path, _ in files_of(facts, place)]
    table = {"sources": [asdict(source) for source in recipe.sources], "purpose": recipe.purpose, "shard": shard}
    licences = {facts.name: {"licence": facts.licence, "attribution": facts.attribution} for facts in origins}

    def work() -> Tally:
        each = [
            (facts, place, source.limit, shard, out)
            for facts, place, source in zip(origins, places, recipe.sources, strict=True)
        ]
        return each_shard(_bring, each, jobs, report, READ)

    return _complete(READ, table, file_facts(files), out, work, {"licences": licences})


def _bring(facts: Origin, place: Path, limit: int, size: int, out: Path) -> Tally:
    """One source as shards of `size` samples under its own name; ids are made unique within it, and samples that its
    own list says overlap a test set are dropped."""
    total = Tally()
    overlaps = locate(facts, place) / facts.drop_ids
    step: Step = DropIds(str(overlaps)) if facts.drop_ids and overlaps.is_file() else _kept
    with closing(_Ids(out / ".work" / f"{facts.name}.sqlite")) as ids:
        samples: Iterator[Sample | Damage] = islice(open_source(facts, place), limit or None)
        for number, first in enumerate(samples):
            name = f"{facts.name}-{number:05}"
            part = (ids.own(sample) for sample in chain([first], islice(samples, size - 1)))
            tally = finished(out, name)
            if tally is not None:
                for _ in part:
                    pass
            else:
                damaged: list[str] = []
                with Shard(out, name) as shard:
                    for sample in part:
                        if isinstance(sample, Damage):
                            damaged.append(sample.where)
                            shard.put(sample)
                        else:
                            shard.put(sample, step(sample))
                tally = shard.tally
                mark(out, name, tally, damaged[:20])
            total.add(tally)
    return total


class _Ids:
    """How often each id of a source was met, on disk, so that memory does not grow with the source."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path)
        self._path = path
        self._base.executescript(
            "pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -16000;"
            "create table met (id text primary key, times integer not null) without rowid;"
        )

    def own(self, sample: Sample | Damage) -> Sample | Damage:
        """The sample under an id no other of its source has: the second `17` becomes `17~2`."""
        if isinstance(sample, Damage):
            return sample
        (times,) = self._base.execute(
            "insert into met values (?, 1) on conflict do update set times = times + 1 returning times", (sample.id,)
        ).fetchone()
        return sample if times == 1 else replace(sample, id=f"{sample.id}~{times}").noting(duplicate_id=True)

    def close(self) -> None:
        self._base.close()
        self._path.unlink(missing_ok=True)


def _stage(stage: Stage, out: Path, jobs: int, report: Report) -> Done:
    folders = [folder_of(out, taken) for taken in stage.takes]
    inputs = [fact for taken, folder in zip(stage.takes, folders, strict=True) for fact in _outputs(out, taken, folder)]
    own = out / stage.name

    def work() -> Tally:
        match stage.options:
            case Steps():
                return run_steps(_files(folders), own, stage.options, jobs, report)
            case Dedup():
                return dedup(_files(folders), own, stage.options, jobs, report)
            case Mix():
                return mix(folders, own, stage.options, report)
            case Card():
                return card(folders, out, own, stage.options, report)

    return _complete(stage.name, stage.table, inputs, own, work, {})


def _complete(
    name: str, table: Mapping[str, Any], inputs: Sequence[File], out: Path, work: Any, more: Mapping[str, Any]
) -> Done:
    """Do `work` unless the manifest of the same work stands already; parts that other work left are cleared first."""
    wanted = digest(table, inputs)
    if (done := read_manifest(out)) is not None and done.get("digest") == wanted:
        return Done(name, Tally.from_json(done["counts"]), done["seconds"], True, tuple(done["damage"]))
    begun = out / DONE / "digest"
    if not begun.exists() or begun.read_text(encoding="utf-8") != wanted:
        _clear(out)
        write_atomically(begun, wanted)
    (out / MANIFEST).unlink(missing_ok=True)
    began = time.monotonic()
    tally = work()
    seconds = round(time.monotonic() - began, 2)
    damage = _damage(out)
    outputs = file_facts(sorted(path for path in out.rglob("*") if _is_output(path, out)), out)
    body = {"stage": name, "recipe": table, "digest": wanted, "counts": tally.to_json(), "seconds": seconds}
    write_manifest(out, {**body, "damage": damage, **more}, inputs, outputs)
    shutil.rmtree(out / DONE)
    shutil.rmtree(out / ".work", ignore_errors=True)
    return Done(name, tally, seconds, False, tuple(damage))


def _clear(out: Path) -> None:
    """Remove what other work of this stage left; refuse a folder that holds anything else."""
    if not out.exists():
        return
    strange = [
        path.name for path in out.iterdir() if path.is_file() and path.name != MANIFEST and path.suffix != ".part"
    ]
    if (strange or any(out.iterdir())) and not ((out / MANIFEST).exists() or (out / DONE).exists()):
        raise DataError(f"{out} holds something else than a stage; name another --out")
    shutil.rmtree(out)


def _damage(out: Path) -> list[str]:
    found: list[str] = []
    for path in sorted((out / DONE).glob("*.json")):
        found += json.loads(path.read_text(encoding="utf-8")).get("damage", [])
    return found[:50]


def _is_output(path: Path, out: Path) -> bool:
    inside = path.relative_to(out).parts
    return path.is_file() and inside[0] not in (DONE, ".work", MANIFEST) and path.suffix != ".part"


def _files(folders: Sequence[Path]) -> list[Path]:
    return [file for folder in folders for file in shards(folder)]


def _outputs(out: Path, taken: str, folder: Path) -> list[File]:
    """The facts of the files a stage left, from its manifest, so that they are not hashed again."""
    stage = taken.partition("/")[0]
    manifest = read_manifest(out / stage)
    if manifest is None:
        raise DataError(f"{stage} is not complete")
    inside = f"{folder.name}/"
    found = [File(**fact) for fact in manifest["outputs"] if fact["path"].startswith(inside)]
    if not found:
        sets = {fact["path"].partition("/")[0] for fact in manifest["outputs"]} - {DATA, DROPPED}
        raise DataError(f"stage {stage} left nothing in {folder.name}; it has {', '.join(sorted(sets)) or 'only data'}")
    return found


def _place(source: Source, data: Path) -> Path:
    return data / source.path


def _kept(sample: Sample) -> Sample:
    return sample
