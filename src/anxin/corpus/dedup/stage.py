"""The stage: sign every shard, find pairs, decide, write. Each part is complete or absent, so that a run that was
killed goes on where it stopped, and ends with the same files.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from anxin.corpus.dedup.block import Block, blocks, save, sign
from anxin.corpus.dedup.decide import called, clusters, near_drops
from anxin.corpus.dedup.fold import numpy
from anxin.corpus.dedup.options import Dedup
from anxin.corpus.dedup.pairs import alike, pieces, same
from anxin.corpus.dedup.signature import ALGORITHM, rensa
from anxin.corpus.files import DATA, DROPPED, Damage, Shard, Tally, read_samples
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.stage import Report, end_with_parent, names
from anxin.errors import DataError

__all__ = ["dedup"]

_WORK, _OLD = ".work", ".work.old"
_Task = tuple[Callable[..., None], tuple[Any, ...]]
_Run = Callable[[Sequence[_Task], Callable[[int, int], None]], None]


def dedup(inputs: Sequence[Path], out: Path, options: Dedup, jobs: int = 1, report: Report | None = None) -> Tally:
    """Write to `out` the samples of all `inputs` (shard files, better first) without those that repeat others.

    Each input becomes a shard of the same name; where two inputs have one name, every shard's begins with the place of
    its input, `000-name`. A sample that goes lies in `dropped/` as `exact_duplicate` (equal when folded, see `fold.py`)
    or `near_duplicate`, with the source and id of the one that was kept instead. Samples that stay and are relatives
    (`Dedup.cluster`) carry the same metadata entry `cluster`. `jobs` processes work at once; the result does not depend
    on their number nor on interruptions. `report` is told the phase, what is done and what there is to do. Working
    files, about a third of the corpus (unpacked), lie in `out/.work` until the end.

    Raises `DataError` for an input that is not there, and where a disk is full.
    """
    numpy(), rensa()  # what is missing is said before work begins
    for path in inputs:
        if not path.is_file():
            raise DataError(f"{path} does not exist")
    work = _prepared(out, inputs, options)
    report = report or _silent
    folders = [work / "signed" / f"{place:05d}" for place in range(len(inputs))]
    with _workers(jobs) as run:
        try:
            run(
                [(sign, (path, folder, options)) for path, folder in zip(inputs, folders, strict=True)],
                lambda done, of: report("signatures", done, of),
            )
            found, firsts = blocks(folders)
            _pairs(work, found, options, run, report)
            shards = names(inputs)
            run(
                [
                    (_write, (path, out, shards[place], firsts[place], firsts[place + 1], folders))
                    for place, path in enumerate(inputs)
                ],
                lambda done, of: report("writing", done, of),
            )
        except OSError as error:
            raise DataError(f"cannot write to {out}: {error.strerror or error}; make room and run again") from None
    tally = Tally()
    for shard in shards:
        tally.add(Tally.from_json(json.loads((work / "written" / f"{shard}.json").read_text())))
    # Renamed first: what a kill leaves of a folder that is being removed is never taken for a run to go on with.
    work.replace(out / _OLD)
    shutil.rmtree(out / _OLD)
    return tally


def _prepared(out: Path, inputs: Sequence[Path], options: Dedup) -> Path:
    """The working folder, emptied unless it is of these inputs and options."""
    work = out / _WORK
    shutil.rmtree(out / _OLD, ignore_errors=True)
    read = [[str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns] for path in inputs]
    plan = json.dumps({"algorithm": ALGORITHM, "options": asdict(options), "inputs": read})
    written = work / "plan.json"
    if not written.is_file() or written.read_text() != plan:
        shutil.rmtree(work, ignore_errors=True)
        for folder in ("signed", "same", "alike", "written"):
            (work / folder).mkdir(parents=True)
        part = work / "plan.json.part"
        part.write_text(plan)
        part.replace(written)
    return work


def _pairs(work: Path, found: list[Block], options: Dedup, run: _Run, report: Report) -> None:
    """Find and decide: `same.npy`, `near.npy` and `clusters.npy` of (the one that stays, the other)."""
    np = numpy()
    total, columns = pieces(found), sum(bands for bands, _ in options.bandings)
    of = total * (1 + columns)
    folders = sorted({block.path.parent for block in found})
    run(
        [(_same, (work, folders, piece, total)) for piece in range(total)],
        lambda done, _: report("pairs", done, of),
    )
    if not (work / "same.npy").is_file():
        pairs = _joined(work / "same", 2)
        save(work / "same.npy", pairs[np.argsort(pairs[:, 1], kind="stable")])
    near = ceil(options.similarity * options.permutations - 1e-9)
    loose = ceil(options.cluster * options.permutations - 1e-9) if options.cluster else near
    tasks: list[_Task] = []
    for column in range(1, 1 + columns):
        tasks += [(_alike, (work, folders, column, piece, total, loose)) for piece in range(total)]
    run(tasks, lambda done, _: report("pairs", total + done, of))
    if not (work / "clusters.npy").is_file():
        pairs = _joined(work / "alike", 3)
        if len(pairs):
            pairs = np.unique(pairs, axis=0)
        drops = near_drops(found, pairs, near)
        gone = np.sort(drops[:, 1])
        save(work / "near.npy", drops)
        save(work / "clusters.npy", clusters(found, pairs, gone) if options.cluster else np.zeros((0, 2), np.int64))


def _same(work: Path, folders: list[Path], piece: int, total: int) -> None:
    path = work / "same" / f"{piece:06d}.npy"
    if not path.is_file():
        save(path, same(blocks(folders)[0], piece, total))


def _alike(work: Path, folders: list[Path], column: int, piece: int, total: int, least: int) -> None:
    path = work / "alike" / f"{column:04d}-{piece:06d}.npy"
    if not path.is_file():
        gone = numpy().load(work / "same.npy", mmap_mode="r")[:, 1]
        save(path, alike(blocks(folders)[0], column, piece, total, gone, least))


def _joined(folder: Path, width: int) -> Any:
    np = numpy()
    every = [np.load(path) for path in sorted(folder.glob("*.npy"))]
    return np.concatenate([np.zeros((0, width), np.int64), *every])


def _write(path: Path, out: Path, name: str, first: int, end: int, folders: list[Path]) -> None:
    """Write one shard as decided. Its tally, written last, says that it is complete."""
    done = out / _WORK / "written" / f"{name}.json"
    if done.is_file():
        return
    for folder in (DATA, DROPPED):
        (out / folder / f"{name}.jsonl.zst").unlink(missing_ok=True)
    found = blocks(folders)[0]
    copies, near, relatives = (
        _about(out / _WORK / f"{what}.npy", first, end, found) for what in ("same", "near", "clusters")
    )
    number = first
    with Shard(out, name) as shard:
        for sample in read_samples(path):
            if isinstance(sample, Damage):
                shard.put(sample)
                continue
            result: Sample | Drop = sample
            if number in copies:
                result = Drop("exact_duplicate", f"of {copies[number]}")
            elif number in near:
                result = Drop("near_duplicate", f"of {near[number]}")
            elif number in relatives:
                result = sample.noting(cluster=relatives[number])
            shard.put(sample, result)
            number += 1
    part = done.with_name(done.name + ".part")
    part.write_text(json.dumps(shard.tally.to_json()))
    part.replace(done)


def _about(path: Path, first: int, end: int, found: list[Block]) -> dict[int, str]:
    """What a file of decisions says of the samples from `first` to `end`: their number, and the other's name."""
    np = numpy()
    rows = np.load(path, mmap_mode="r")
    rows = np.array(rows[np.searchsorted(rows[:, 1], first) : np.searchsorted(rows[:, 1], end)])
    return dict(zip(rows[:, 1].tolist(), called(found, rows[:, 0]), strict=True))


@contextmanager
def _workers(jobs: int) -> Iterator[_Run]:
    """A function that does tasks, at once in `jobs` processes, or one by one in this one."""
    if jobs <= 1:
        yield _one_by_one
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _worker)

    def run(tasks: Sequence[_Task], told: Callable[[int, int], None]) -> None:
        futures: list[Future[None]] = [pool.submit(task, *arguments) for task, arguments in tasks]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            told(done, len(tasks))

    try:
        yield run
    except BrokenProcessPool:
        raise DataError(
            "a worker process was ended from outside, most often for want of memory; run again with fewer jobs,"
            " what is complete is kept"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _one_by_one(tasks: Sequence[_Task], told: Callable[[int, int], None]) -> None:
    for done, (task, arguments) in enumerate(tasks, start=1):
        task(*arguments)
        told(done, len(tasks))


def _worker() -> None:
    os.environ["RAYON_NUM_THREADS"] = "1"  # as many processes as there are cores already
    end_with_parent()


def _silent(phase: str, done: int, total: int) -> None: ...
