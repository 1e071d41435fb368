"""A corpus recipe: sources, and the stages that make a training set of them, in one TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from anxin.config import load_toml, override, parse
from anxin.corpus.card import Card
from anxin.corpus.dedup import Dedup
from anxin.corpus.mix import Mix
from anxin.corpus.sample import Step
from anxin.corpus.stage import Steps
from anxin.corpus.steps import step
from anxin.corpus.think import Think
from anxin.errors import ConfigError

__all__ = ["READ", "Options", "Recipe", "Source", "Stage", "Teach", "load_recipe"]

READ = "read"
"""The name of the first stage, which brings every source into one form."""


@dataclass(frozen=True, slots=True)
class Teach:
    """The stage `think`, with the names of the models it asks; `outside` allows the words to leave this machine."""

    teacher: str
    base_url: str = ""
    judge: str = ""
    judge_url: str = ""
    context: int = 0
    outside: bool = False
    think: Think = field(default_factory=Think)


Options = Steps | Dedup | Mix | Teach | Card


@dataclass(frozen=True, slots=True)
class Source:
    """One set of the catalogue (`anxin corpus sources`), or of one's own where `reader` and `licence` are given.

    `path` is its folder or file under the data folder, or under `{recipe}`, the recipe's own; else it is looked for by
    name. `options` are the reader's. `limit` takes the first so many samples.
    """

    name: str
    path: str = ""
    reader: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    limit: int = 0

    def __post_init__(self) -> None:
        _word(self.name, "a source's name")
        if self.limit < 0:
            raise ConfigError(f"{self.name}: limit is a number of samples; 0 for all")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what it does, with which options, on what earlier stages left. `table` is what the recipe says."""

    name: str
    takes: tuple[str, ...]
    options: Options
    table: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """`purpose` decides which licences allow it; `accept` names sets that are used although theirs does not.

    `beside` is the folder the recipe lies in.
    """

    name: str
    sources: tuple[Source, ...]
    stages: tuple[Stage, ...]
    purpose: Literal["train", "evaluate"] = "train"
    accept: tuple[str, ...] = ()
    beside: Path = Path()


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    sources: tuple[Source, ...]
    purpose: Literal["train", "evaluate"] = "train"
    accept: tuple[str, ...] = ()


def load_recipe(path: Path, data: Path, settings: list[str] | None = None) -> Recipe:
    """Read a recipe, with `--set` overrides applied: `purpose=evaluate`, or `STAGE.key=value` for a stage.

    `{data}` and `{recipe}` in its paths stand for the data folder and the recipe's own. Raises `ConfigError` for
    whatever it asks that cannot be done, before anything is done.
    """
    table = load_toml(path)
    written = table.get("stages", [])
    if not isinstance(written, list) or not all(isinstance(stage, dict) for stage in written):
        raise ConfigError("stages must be a list of tables: [[stages]]")
    staged = {stage["name"]: stage for stage in written if isinstance(stage.get("name"), str)}
    for setting in settings or []:
        stage_name, _, rest = setting.partition(".")
        override(staged[stage_name], [rest]) if stage_name in staged else override(table, [setting])
    kind = table.pop("kind", "corpus")
    if kind != "corpus":
        raise ConfigError(f"{path} is a recipe for {kind}, not for a corpus")
    table.pop("stages", None)
    folders = {"{data}": str(data), "{recipe}": str(path.parent)}
    head = parse(_Head, table)
    _word(head.name, "the recipe's name")
    stages: list[Stage] = []
    for place, raw in enumerate(written):
        stage = _stage(raw, f"stages[{place}]", stages[-1].name if stages else READ, folders)
        known = {READ, *(earlier.name for earlier in stages)}
        if stage.name in known:
            raise ConfigError(f"two stages are named {stage.name}")
        for taken in stage.takes:
            if taken.partition("/")[0] not in known:
                raise ConfigError(f"stage {stage.name} takes {taken}, which no earlier stage makes")
        stages.append(stage)
    return Recipe(head.name, head.sources, tuple(stages), head.purpose, head.accept, path.parent)


def _stage(raw: Mapping[str, Any], where: str, before: str, folders: Mapping[str, str]) -> Stage:
    table = {key: _resolved(value, folders) for key, value in raw.items()}
    name, does = table.pop("name", None), table.pop("do", "steps")
    if not isinstance(name, str) or not name.replace("-", "_").isidentifier():
        raise ConfigError(f"{where}.name is a word of letters, digits, - and _; no digit first")
    takes = table.pop("from", [before])
    if isinstance(takes, str):
        takes = [takes]
    if not isinstance(takes, list) or not all(isinstance(taken, str) for taken in takes):
        raise ConfigError(f"{where}.from is the name of an earlier stage or a list of them")
    options: Options
    match does:
        case "steps":
            options = _steps(table, name)
        case "dedup":
            options = parse(Dedup, table, f"{name}.")
        case "mix":
            options = parse(Mix, table, f"{name}.")
            takes = [part.of for part in options.parts]
        case "think":
            options = parse(Teach, table, f"{name}.")
        case "card":
            options = parse(Card, table, f"{name}.")
        case _:
            raise ConfigError(f"{where}.do must be steps, dedup, mix, think or card, not {does!r}")
    return Stage(name, tuple(takes), options, raw)


def _word(name: str, what: str) -> None:
    """Raises `ConfigError` for a name that could not be that of a file: names of sources and recipes become those."""
    if not name.strip() or name.startswith(".") or set(name) & set("/\\:\0"):
        raise ConfigError(f"{what} names files: it is not empty, has no / \\ or : and no dot first; not {name!r}")


def _steps(table: dict[str, Any], stage: str) -> Steps:
    written = table.pop("steps", None)
    if table:
        raise ConfigError(f"unknown key {stage}.{next(iter(table))}; a stage of steps has only steps")
    if not isinstance(written, list) or not written:
        raise ConfigError(f'{stage}.steps is a list such as [{{step = "roles"}}, {{step = "length", shortest = 2}}]')
    named: list[tuple[str, Step]] = []
    for place, row in enumerate(written):
        row = {"step": row} if isinstance(row, str) else row
        if not isinstance(row, dict) or not isinstance(row.get("step"), str):
            raise ConfigError(f'{stage}.steps[{place}] is a name or a table such as {{step = "roles"}}')
        options = {key: value for key, value in row.items() if key != "step"}
        named.append((row["step"], step(row["step"], options, f"{stage}.{row['step']}.")))
    return Steps(tuple(named))


def _resolved(value: Any, folders: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for mark, folder in folders.items():
            value = value.replace(mark, folder)
        return value
    if isinstance(value, list):
        return [_resolved(item, folders) for item in value]
    if isinstance(value, dict):
        return {key: _resolved(item, folders) for key, item in value.items()}
    return value
