"""Where data comes from: the catalogue of known sets, their files in a folder, and sets of one's own."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from anxin.config import load_toml, parse
from anxin.corpus.files import Damage
from anxin.corpus.sample import Sample
from anxin.corpus.sources.readers import readable, stream
from anxin.errors import ConfigError, DataError

__all__ = ["BESIDE", "Origin", "Part", "Purpose", "catalogue", "files_of", "locate", "open_source", "origin"]

Purpose = Literal["train", "evaluate"]

BESIDE = ("LICENSE*", "LICENCE*", "README*")
"""Taken with every set: what it is and under which terms."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some files of a set. `paths` are glob patterns in its folder; `split` is what its authors call this part.

    Parts with the same `split` are the same data in different forms: the first one found is read.
    """

    paths: tuple[str, ...]
    reader: str
    options: Mapping[str, Any] = field(default_factory=dict)
    split: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """One set: where it is from, what it may be used for, and how its files are read.

    `homes` are places to fetch it from, best first: `huggingface:owner/name`, `modelscope:owner/name`,
    `git:owner/name`. `folder` is the name its folder goes by elsewhere. `needs` names what a person has to do or sign
    first, `limits` why it is not for every purpose where the licence alone does not say so. `drop_ids` is a JSON list
    of ids in the folder that overlap a test set. `date` is when this was last checked.
    """

    name: str
    title: str
    licence: str
    purposes: tuple[Purpose, ...]
    parts: tuple[Part, ...] = ()
    homes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    size: str = ""
    attribution: str = ""
    revision: str = ""
    needs: str = ""
    limits: str = ""
    folder: str = ""
    drop_ids: str = ""
    notes: str = ""
    date: str = ""

    @property
    def patterns(self) -> tuple[str, ...]:
        """Glob patterns of every file that belongs to it."""
        own = tuple(path for part in self.parts for path in part.paths)
        return (*own, *((self.drop_ids,) if self.drop_ids else ()), *BESIDE)


@dataclass(frozen=True, slots=True)
class _Catalogue:
    sets: tuple[Origin, ...]


def catalogue() -> Mapping[str, Origin]:
    """The known sets by name, in the order of the catalogue."""
    return _read()


@cache
def _read() -> Mapping[str, Origin]:
    sets = parse(_Catalogue, load_toml(Path(__file__).with_name("catalogue.toml"))).sets
    return {found.name: found for found in sets}


def origin(name: str, reader: str = "", licence: str = "", options: Mapping[str, Any] | None = None) -> Origin:
    """What is known of a set: from the catalogue, or of one's own where `reader` and `licence` are given.

    `reader` with its `options` also replaces that of a known set, whose licence stays what the catalogue says. Raises
    `ConfigError` for a name that is neither, or for options the reader does not have.
    """
    known = catalogue().get(name.replace("-", "_"))
    if reader:
        stream(reader, options)
    if known is not None:
        if licence and licence != known.licence:
            raise ConfigError(f"{known.name} is a known set under {known.licence}; give your own another name")
        return replace(known, parts=(Part((), reader, options or {}),)) if reader else known
    if not reader:
        near = difflib.get_close_matches(name, catalogue(), n=1)
        hint = f"did you mean {near[0]}?" if near else "anxin corpus sources lists them."
        raise ConfigError(f"no known set {name}; {hint} A set of your own needs reader and licence.")
    if not licence.strip():
        raise ConfigError(
            f'{name} is not in the catalogue: say its licence, such as licence = "CC BY 4.0" or "our own"'
        )
    return Origin(name, name, licence, ("train", "evaluate"), (Part((), reader, options or {}),))


def locate(origin: Origin, place: Path) -> Path:
    """The folder that holds the set's files: `place`, a folder of the set's name in it, or where `place` has the
    set's name and is not there, one beside it under its other name. A file is itself.

    Raises `DataError` that says how to get the set where none of these holds it.
    """
    if place.is_file():
        return place
    names = [name for name in (origin.name, origin.folder) if name]
    beside = [place.parent / name for name in names] if place.name in names else []
    nearby = [*(place / name for name in names), place, *beside]
    if not any(part.paths for part in origin.parts):
        found = next((folder for folder in nearby if folder.is_dir() and folder.name in names), place)
        if found.is_dir():
            return found
        raise DataError(f"{place} does not exist; {origin.name} is read from there")
    for folder in nearby:
        if any(_matches(folder, part) for part in origin.parts):
            return folder
    wanted = ", ".join(origin.parts[0].paths)
    out = place.parent if place.name in names else place
    raise DataError(f"no {origin.name} ({wanted}) in {place}; get it: anxin corpus fetch {origin.name} --out {out}")


def files_of(origin: Origin, place: Path) -> list[tuple[Path, Part]]:
    """The set's files at `place` and how each is read, in the order they are read in."""
    root = locate(origin, place)
    if root.is_file():
        fits = (part for part in origin.parts if any(root.match(pattern) for pattern in part.paths))
        return [(root, next(fits, origin.parts[0]))]
    chosen: list[tuple[Path, Part]] = []
    splits: set[str] = set()
    for part in origin.parts:
        found = _matches(root, part) if part.paths else readable(part.reader, root)
        if found and part.split not in splits:
            splits.add(part.split)
            chosen += [(path, part) for path in found]
    return chosen


def open_source(source: Origin | str, place: Path) -> Iterator[Sample | Damage]:
    """Every sample of a set whose files are at `place`, under the set's name; what cannot be read comes as `Damage`.

    `place` is the set's folder, the folder of all data, or one file of the set. Ids are those the set gives: where it
    gives one twice, both samples come. Raises `DataError` where the files are not there or are not what they should be.
    """
    found = origin(source) if isinstance(source, str) else source
    for path, part in files_of(found, place):
        for sample in stream(part.reader, part.options)(path):
            if isinstance(sample, Damage):
                yield sample
            elif part.split:
                yield replace(sample, source=found.name).noting(split=part.split)
            else:
                yield replace(sample, source=found.name)


def _matches(folder: Path, part: Part) -> list[Path]:
    """The part's files in a folder, short names first, so that 2.json comes before 10.json."""
    found = {path for pattern in part.paths for path in folder.glob(pattern) if path.is_file()}
    return sorted(found, key=lambda path: (path.parent.as_posix(), len(path.name), path.name))
