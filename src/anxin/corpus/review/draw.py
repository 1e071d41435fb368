"""Which samples people look at: as many of every kind as there is room for, chosen by hash, so that they stay the same.

A review's folder holds `items.jsonl` (what was drawn, with its words), `manifest.json` (from what and by which choice)
and `decisions.jsonl`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappush, heapreplace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from anxin.corpus.files import DATA, DROPPED, SUFFIXES, Damage, read_records, shards, to_line
from anxin.corpus.manifest import MANIFEST, file_facts, read_manifest, write_atomically, write_manifest
from anxin.corpus.review.decision import key_of
from anxin.corpus.sample import Sample, from_record, to_record
from anxin.corpus.select import place
from anxin.errors import ConfigError, DataError

__all__ = ["ITEMS", "KEPT", "By", "Drawn", "Item", "Stratum", "draw", "drawn", "shares"]

ITEMS: Final = "items.jsonl"
KEPT: Final = "kept"
By = Literal["source", "reason", "stage"]
_SALT: Final = "review"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to decide about. `where` is kept, dropped or the name of a shard set aside; `reason` and `detail` are
    the rule's, where one left it out in `stage`; `stratum` is the kind it was drawn for."""

    key: str
    sample: Sample
    where: str
    stratum: str
    stage: str = ""
    reason: str = ""
    detail: str = ""

    def to_record(self) -> dict[str, Any]:
        """As it stands in `items.jsonl`."""
        known = {"item": self.key, "where": self.where, "stratum": self.stratum, "stage": self.stage}
        return known | {"reason": self.reason, "detail": self.detail, "sample": to_record(self.sample)}


@dataclass(frozen=True, slots=True)
class Stratum:
    """Of `of` samples of one kind in one place, `drawn` were drawn."""

    where: str
    name: str
    of: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn sample. `damage` says what could not be read while it was drawn."""

    items: tuple[Item, ...]
    strata: tuple[Stratum, ...]
    damage: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    stage: str
    where: str
    files: tuple[Path, ...]


def draw(folder: Path, out: Path, size: int = 200, by: By = "source", also: Sequence[str] = ()) -> Drawn:
    """Draw `size` samples of what `folder` holds and write them to `out`, where they stay; a second call reads them.

    `folder` is a stage's, a whole run's (what its last stage kept, what every stage left out), a plain folder or a
    file. `also` names what is looked at beside the kept: dropped, shards set aside, or all. Each of these places gets
    an equal part of `size`, in it each source, reason or stage (`by`) an equal part; what a small one cannot fill goes
    to the others. Raises `ConfigError` where `out` holds another sample.
    """
    if size < 1:
        raise ConfigError("--sample is a number of samples, 1 or more")
    if by not in get_args(By):
        raise ConfigError(f"--by is {', '.join(get_args(By))}, not {by}")
    choice = {"folder": str(folder.resolve()), "sample": size, "by": by, "also": sorted(set(also))}
    known = read_manifest(out)
    if known is not None:
        if known.get("choice") != choice:
            raise ConfigError(f"{out} holds another sample (see {MANIFEST}); give the same options or another --out")
        return drawn(out)
    found = _drawn(_places(folder, also), size, by)
    if not found.items:
        raise DataError(f"{folder} holds no samples to review" + (f"; {found.damage[0]}" if found.damage else ""))
    lines = b"".join(to_line(item.to_record()) for item in found.items)
    write_atomically(out / ITEMS, lines.decode())
    body = {
        "stage": "review",
        "choice": choice,
        "strata": [{"where": s.where, "name": s.name, "of": s.of, "drawn": s.drawn} for s in found.strata],
        "damage": list(found.damage),
    }
    write_manifest(out, body, [], file_facts([out / ITEMS], out))
    return found


def drawn(out: Path) -> Drawn:
    """The sample that was drawn into `out`. Raises `DataError` where there is none or it cannot be read."""
    known = read_manifest(out)
    if known is None or "choice" not in known:
        raise DataError(f"{out} holds no drawn sample; anxin corpus review FOLDER --out {out} draws one")
    items: list[Item] = []
    for number, record in read_records(out / ITEMS):
        if isinstance(record, Damage):
            raise DataError(f"{record.where}; delete {out} to draw anew")
        try:
            sample = from_record(record["sample"])
            texts = [str(record[name]) for name in ("where", "stratum", "stage", "reason", "detail")]
            items.append(Item(str(record["item"]), sample, *texts))
        except (KeyError, TypeError, DataError) as error:
            raise DataError(f"{ITEMS} line {number} cannot be read ({error}); delete {out} to draw anew") from None
    strata = tuple(Stratum(**row) for row in known.get("strata", []))
    return Drawn(tuple(items), strata, tuple(known.get("damage", [])))


def shares(sizes: Mapping[str, int], room: int) -> dict[str, int]:
    """How much of `room` each gets: equal parts, and what one cannot fill goes to the others, the first first."""
    given = dict.fromkeys(sizes, 0)
    while room and (open_ := [name for name in sizes if given[name] < sizes[name]]):
        part = max(1, room // len(open_))
        for name in open_[:room]:
            more = min(part, sizes[name] - given[name])
            given[name] += more
            room -= more
    return given


def _drawn(places: Sequence[_Place], size: int, by: By) -> Drawn:
    """Two readings: the first counts and finds the lowest hashes of each kind, the second takes those up. What is held
    is a hash and a place for `size` samples a kind, never the corpus."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lowest: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    damage: list[str] = []
    for number, record in enumerate(_records(places)):
        if isinstance(record, Damage):
            damage.append(record.where)
            continue
        try:
            found = _item(*record, by)
        except DataError as error:
            damage.append(f"{record[1]}: {error}")
            continue
        where, name = found.where, found.stratum
        counts[where][name] += 1
        heap, rank = lowest[where, name], -place(found.sample, _SALT, f"{found.where}\0{found.key}")
        if len(heap) < size:
            heappush(heap, (rank, number))
        elif rank > heap[0][0]:
            heapreplace(heap, (rank, number))
    parts = shares({where: sum(counts[where].values()) for where in _in_order(counts)}, size)
    strata: list[Stratum] = []
    wanted: set[int] = set()
    for where, room in parts.items():
        for name, much in shares({name: counts[where][name] for name in sorted(counts[where])}, room).items():
            strata.append(Stratum(where, name, counts[where][name], much))
            wanted.update(number for _, number in sorted(lowest[where, name], reverse=True)[:much])
    chosen = [record for number, record in enumerate(_records(places)) if number in wanted]
    items = {found.key: found for record in chosen if not isinstance(record, Damage) for found in [_item(*record, by)]}
    return Drawn(tuple(items.values()), tuple(strata), tuple(damage[:20]))


_Record = tuple[_Place, str, int, dict[str, Any]]


def _records(places: Sequence[_Place]) -> Iterator[_Record | Damage]:
    """Each record with where it stands; a note of damage in `dropped/` is nothing to look at."""
    for spot in places:
        for path in spot.files:
            for number, record in read_records(path):
                if isinstance(record, Damage):
                    yield record
                elif "messages" in record or "text" in record:
                    yield spot, f"{path.name} record {number}", number, record


def _item(spot: _Place, _: str, number: int, record: dict[str, Any], by: By) -> Item:
    why = record.pop("dropped", None) if spot.where == DROPPED else None
    why = why if isinstance(why, Mapping) else {}
    sample = from_record(record, str(number))
    reason, detail = str(why.get("reason", "")), str(why.get("detail", ""))
    names = {"source": sample.source, "reason": reason, "stage": spot.stage}
    return Item(key_of(sample), sample, spot.where, names[by], spot.stage, reason, detail)


def _places(folder: Path, also: Sequence[str]) -> list[_Place]:
    """Where to look: what was kept, and of what was left out or set aside whatever `also` names."""
    stages = [folder] if (folder / DATA).is_dir() or not folder.is_dir() else _stages(folder)
    if not stages:
        if also:
            raise ConfigError(f"{folder} is no stage: it has no {', '.join(also)}")
        return [_Place("", KEPT, tuple(shards(folder)))]
    names = {stage: stage.name if stage.is_dir() else "" for stage in stages}
    last = [stage for stage in stages if stage.is_file() or _files(stage / DATA)][-1:]
    found = [_Place(names[stage], KEPT, tuple(shards(stage))) for stage in last]
    beside = [
        _Place(names[stage], part.name, files)
        for stage in stages
        if stage.is_dir()
        for part in sorted(stage.iterdir())
        if part.is_dir() and part.name != DATA and not part.name.startswith(".") and (files := _files(part))
    ]
    known = {spot.where for spot in beside}
    for name in also:
        if name != "all" and name not in known:
            raise ConfigError(f"{folder} has no {name}; beside the kept it has {', '.join(sorted(known)) or 'nothing'}")
    return found + [spot for spot in beside if spot.where in also or "all" in also]


def _stages(run: Path) -> list[Path]:
    """The complete stages of a run, in the order in which they ended."""
    folders = [path for path in run.iterdir() if path.is_dir()]
    found = [(str(body.get("finished", "")), path) for path in folders if (body := read_manifest(path))]
    return [path for _, path in sorted(found)]


def _files(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES)))


def _in_order(wheres: Mapping[str, Any]) -> list[str]:
    return sorted(wheres, key=lambda where: (where != KEPT, where != DROPPED, where))
