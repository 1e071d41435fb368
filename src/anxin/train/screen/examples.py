"""Labelled sentences for the learned screen: the recipe's own tables, and data sets that stay where they live."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from anxin.corpus import PSYSUICIDE, read
from anxin.errors import DataError
from anxin.train.screen.recipe import Annotated, ScreenRecipe

__all__ = ["Example", "read_examples"]

_CLAUSE = re.compile(r"[,.!?;:，。！？；：、\n]+")
_SHORTEST, _LONGEST = 4, 28  # characters of a fragment


@dataclass(frozen=True, slots=True)
class Example:
    """One text with its targets: at T2, T3, T4 or above, and whether it speaks of another. None where a label leaves
    the question open."""

    text: str
    targets: tuple[float | None, float | None, float | None, float | None]
    source: str
    weight: float = 1.0


def read_examples(recipe: ScreenRecipe, data: Path, beside: Path) -> list[Example]:
    """All examples of a recipe. Raises `DataError` naming the file, and the line where one is wrong."""
    found = [example for name in recipe.authored for example in _authored(beside / name)]
    found += _fragments(found, recipe)
    for source in recipe.annotated:
        found += _annotated(source, data, beside)
    if recipe.psysuicide:
        found += _psysuicide(data / recipe.psysuicide)
    return found


def _fragments(examples: list[Example], recipe: ScreenRecipe) -> list[Example]:
    """Short clauses of sentences at T0 and T1: a part of what is calm is calm."""
    calm = (example.text for example in examples if example.targets[0] == 0)
    clauses = {clause.strip() for text in calm for clause in _CLAUSE.split(text) if clause.strip() != text.strip()}
    short = sorted(clause for clause in clauses if _SHORTEST <= len(clause) <= _LONGEST)
    chosen = random.Random(recipe.seed).sample(short, min(recipe.fragments, len(short)))
    return [_of(clause, 0, "none", "fragments", 0.5) for clause in chosen]


def _of(text: str, risk: int, subject: str, source: str, weight: float = 1.0) -> Example:
    other = float(subject == "other") if risk >= 2 else None
    return Example(text, (float(risk >= 2), float(risk >= 3), float(risk >= 4), other), source, weight)


def _table(path: Path, columns: int) -> Iterator[list[str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    for place, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        row = line.split("\t")
        if len(row) != columns:
            raise DataError(f"{path}, line {place}: {columns} columns with tabs between are needed, not {len(row)}")
        yield row


def _risk(text: str, path: Path) -> int:
    if text not in {"0", "1", "2", "3", "4", "5"}:
        raise DataError(f"{path}: a risk is 0 to 5, not {text!r}")
    return int(text)


def _authored(path: Path) -> Iterator[Example]:
    for risk, subject, _, text in _table(path, 4):
        yield _of(text, _risk(risk, path), subject, path.stem)


def _annotated(source: Annotated, data: Path, beside: Path) -> list[Example]:
    if source.reader not in _READERS:
        raise DataError(f"no reader {source.reader!r}; known are {', '.join(sorted(_READERS))}")
    labels = beside / source.labels
    wanted = {key: (_risk(risk, labels), subject) for key, risk, subject in _table(labels, 3)}
    path = data / source.texts
    try:
        texts = _READERS[source.reader](path, wanted)
    except (OSError, ValueError, KeyError) as error:
        fault = type(error).__name__
        raise DataError(f"cannot read {path} ({fault}); is --data the folder of the data sets?") from error
    if missing := wanted.keys() - texts.keys():
        raise DataError(f"{path} lacks {len(missing)} of the labelled texts, such as {min(missing)!r}")
    return [_of(texts[key], risk, subject, source.reader, source.weight) for key, (risk, subject) in wanted.items()]


def _smilechat(path: Path, wanted: Mapping[str, object]) -> dict[str, str]:
    dialogues = {key.split("/")[0] for key in wanted}
    return {
        key: message.text
        for sample in read("dialogues", path)
        if sample.id in dialogues
        for place, message in enumerate(sample.dialogue.messages)
        if (key := f"{sample.id}/{place}") in wanted
    }


def _goemotions(path: Path, wanted: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in ("train", "dev", "test"):
        for line in (path / f"{part}.tsv").read_text("utf-8").splitlines():
            text, _, key = line.split("\t")
            if key in wanted:
                found[key] = text
    return found


def _counsel_chat(path: Path, wanted: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["questionID"] in wanted:
                found[row["questionID"]] = f"{row['questionTitle']}. {row['questionText']}"
    return found


_READERS: Mapping[str, Callable[[Path, Mapping[str, object]], dict[str, str]]] = {
    "smilechat": _smilechat,
    "goemotions": _goemotions,
    "counsel_chat": _counsel_chat,
}


def _psysuicide(path: Path) -> list[Example]:
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}; is --data the folder of the data sets?") from error
    found: list[Example] = []
    for row in rows:
        levels = [level for label in row["labels"] if (level := PSYSUICIDE.get(label, ("", None))[1]) is not None]
        if levels:
            found.append(_of(row["text"], max(levels), "self", "psysuicide"))
    return found
