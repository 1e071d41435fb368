"""Readers by name: what a recipe or the catalogue may say, and the strict form that training reads with."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from anxin.config import parse
from anxin.corpus.files import SUFFIXES, Damage
from anxin.corpus.sample import Sample
from anxin.corpus.sources.general import Records, Text, documents, warc
from anxin.corpus.sources.labelled import dialogue_safety, goemotions, posts, psysuicide, safedialbench
from anxin.corpus.sources.preferences import hh_rlhf, jade, pku_saferlhf, psychocounsel
from anxin.corpus.sources.questions import counsel_chat, instructions, psyqa, r1_distill
from anxin.corpus.sources.sessions import cpsycound, cpsycoune, dialogues, emollm, psyeval
from anxin.errors import ConfigError, DataError

__all__ = ["READERS", "STREAMS", "Reader", "Stream", "read", "readable", "stream"]

Reader = Callable[[Path], Iterator[Sample]]
"""Reads a file whose every record is sound; what is not raises `DataError`."""

Stream = Callable[[Path], Iterator[Sample | Damage]]
"""Reads a file past whatever is damaged in it."""

STREAMS: Mapping[str, Stream | type[Any]] = {
    "counsel_chat": counsel_chat,
    "cpsycound": cpsycound,
    "cpsycoune": cpsycoune,
    "dialogue_safety": dialogue_safety,
    "dialogues": dialogues,
    "documents": documents,
    "emollm": emollm,
    "goemotions": goemotions,
    "hh_rlhf": hh_rlhf,
    "instructions": instructions,
    "jade": jade,
    "pku_saferlhf": pku_saferlhf,
    "posts": posts,
    "psychocounsel": psychocounsel,
    "psyeval": psyeval,
    "psyqa": psyqa,
    "psysuicide": psysuicide,
    "r1_distill": r1_distill,
    "records": Records,
    "safedialbench": safedialbench,
    "text": Text,
    "warc": warc,
}
"""Name to function, or to the dataclass of its options whose instance is the reader."""

_TEXT, _ARCHIVES = (".txt", ".md"), (".warc", ".warc.gz", ".wet", ".wet.gz")
_TABLES = (*SUFFIXES, ".json", ".json.gz", ".json.zst", ".csv", ".csv.gz", ".tsv")


def stream(name: str, options: Mapping[str, Any] | None = None) -> Stream:
    """The reader of that name with these options. Raises `ConfigError` with the nearest name or the option at fault."""
    found = STREAMS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, STREAMS, n=1)
        known = ", ".join(sorted(STREAMS))
        raise ConfigError(f"no reader {name}; " + (f"did you mean {near[0]}?" if near else f"known are {known}"))
    if isinstance(found, type):
        made: Stream = parse(found, options or {}, f"{name}.")
        return made
    if options:
        raise ConfigError(f"the reader {name} has no options; {next(iter(options))} was given")
    return found


def readable(name: str, place: Path) -> list[Path]:
    """The files the reader may read at `place`: itself, or those in the folder and under it that have its endings.

    Hidden files, licences and notes about the data are none of it. Raises `DataError` where there are none.
    """
    if place.is_file():
        return [place]
    endings = {"text": _TEXT, "warc": _ARCHIVES}.get(name, _TABLES)
    found = [path for path in sorted(place.rglob("*")) if path.name.endswith(endings) and _is_data(path, place)]
    if not found:
        raise DataError(f"{place} holds no {', '.join(endings)} files" if place.is_dir() else f"{place} does not exist")
    return found


def _is_data(path: Path, place: Path) -> bool:
    parts = path.relative_to(place).parts
    aside = path.stem.upper().startswith(("README", "LICENSE", "LICENCE")) or path.name == "source.json"
    return path.is_file() and not aside and not any(part.startswith(".") for part in parts)


def read(reader: str, path: Path) -> Iterator[Sample]:
    """Read `path` with the named reader. Raises `DataError` for a missing file or a record that cannot be read."""
    if reader not in READERS:
        raise DataError(f"no reader {reader}; known are {', '.join(sorted(READERS))}")
    if not path.exists():
        raise DataError(f"{path} does not exist; name the data folder with --data or ANXIN_DATA")
    yield from READERS[reader](path)


def _strictly(name: str, path: Path) -> Iterator[Sample]:
    for found in stream(name)(path):
        if isinstance(found, Damage):
            raise DataError(f"{path} is damaged ({found.reason.replace('_', ' ')}): {found.where}")
        yield found


READERS: Mapping[str, Reader] = {name: partial(_strictly, name) for name in STREAMS}
"""Every reader in its strict form."""
