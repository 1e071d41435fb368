"""The recipe of the learned screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anxin.config import load_toml, override, parse
from anxin.errors import ConfigError
from anxin.safety.learned import Limits

__all__ = ["Annotated", "Fit", "ScreenRecipe", "load_screen"]


@dataclass(frozen=True, slots=True)
class Annotated:
    """Labels of ours for messages that stay where they live. `labels` is a table beside the recipe (key, risk,
    subject), `texts` the data set's path under the data folder; `reader` knows its keys."""

    labels: str
    reader: str
    texts: str
    licence: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Adagrad on sparse features. `grid` holds the learning rates that the inner folds choose from."""

    grid: tuple[float, ...] = (0.5, 1.0)
    epochs: int = 12
    batch: int = 64
    least: int = 2
    keep: int = 150_000
    outer: int = 5
    inner: int = 3


@dataclass(frozen=True, slots=True)
class ScreenRecipe:
    """`authored` are tables beside the recipe (risk, subject, kind, text); `groups` is the table of word groups; `zh`
    and `en` are the calibrated probabilities from which the screen raises a message to T2, T3 and T4.
    `fragments` short clauses of calm sentences are learned too, so that brevity is no sign of danger."""

    name: str
    groups: str
    authored: tuple[str, ...]
    zh: Limits
    en: Limits
    kind: Literal["screen"] = "screen"
    annotated: tuple[Annotated, ...] = ()
    fragments: int = 0
    psysuicide: str = ""
    psysuicide_licence: str = ""
    fit: Fit = Fit()
    seed: int = 1


def load_screen(path: Path, settings: list[str] | None = None) -> ScreenRecipe:
    """Read a recipe, with `--set` overrides applied. Raises `ConfigError`."""
    recipe = parse(ScreenRecipe, override(load_toml(path), settings or []))
    for limits in (recipe.zh, recipe.en):
        if not all(0 < limit < 1 for limit in (limits.t2, limits.t3, limits.t4)):
            raise ConfigError("t2, t3 and t4 are probabilities between 0 and 1")
    return recipe
