"""A preference recipe: everything that decides the pairs, in one TOML file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from anxin.config import load_toml, override, parse
from anxin.errors import ConfigError
from anxin.prefer.asking import Limits
from anxin.prefer.generate import Answering
from anxin.prefer.pairing import Pairing
from anxin.prefer.score import Judging
from anxin.prefer.statement import Statements

__all__ = ["Asked", "Recipe", "Scored", "Source", "load"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where what clients said is taken from: files or folders of samples under the data folder, `limit` statements in
    all (0: every one)."""

    paths: tuple[str, ...]
    limit: int = 0
    taken: Statements = field(default_factory=Statements)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who replies: models as elsewhere, `NAME@URL` where one has a server of its own; without `temperatures`, each at
    its own. `samples` replies of each, with the seeds from `seed` on. `context` is their window in tokens (0: the
    operator's setting)."""

    models: tuple[str, ...]
    temperatures: tuple[float, ...] = ()
    samples: int = 1
    seed: int = 1
    context: int = 0
    answering: Answering = field(default_factory=Answering)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Scored:
    """Who scores: judge models, and files of people's ratings under the data folder. `context` as in `Asked`; the
    principles alone take about 1,900 tokens of it."""

    judges: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()
    context: int = 0
    judging: Judging = field(default_factory=Judging)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    statements: Source
    generate: Asked
    score: Scored
    pair: Pairing = field(default_factory=Pairing)
    kind: str = "prefer"


def load(path: Path, settings: list[str] | None = None) -> Recipe:
    """Read a recipe, with `--set` overrides applied. Raises `ConfigError`."""
    recipe = parse(Recipe, override(load_toml(path), settings or []))
    if recipe.kind != "prefer":
        raise ConfigError(f"{path} is a recipe of kind {recipe.kind}, not prefer")
    if not recipe.generate.models:
        raise ConfigError("generate.models names nobody; give at least one model")
    if not recipe.score.judges and not recipe.score.ratings:
        raise ConfigError("score names nobody; give score.judges or score.ratings")
    if recipe.generate.samples < 1:
        raise ConfigError("generate.samples must be at least 1")
    return recipe
