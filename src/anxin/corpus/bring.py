"""The first stage: a source of whatever format, as shards of samples under ids of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from anxin.corpus.files import Damage, Shard, Tally
from anxin.corpus.sample import Sample, Step
from anxin.corpus.sources import DropIds, Origin, locate, open_source
from anxin.corpus.stage import finished, mark

__all__ = ["SHARD", "bring"]

SHARD = 2_000
"""Samples to a shard of the first stage, kept by later ones. A kill costs at most this much work a process."""


def bring(facts: Origin, place: Path, limit: int, size: int, out: Path) -> Tally:
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


def _kept(sample: Sample) -> Sample:
    return sample
