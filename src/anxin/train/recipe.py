"""A training recipe: everything that decides the result, in one TOML file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from anxin.config import load_toml, override, parse
from anxin.errors import ConfigError

__all__ = ["Recipe", "Shape", "Source", "Stage", "Tokenizer", "load"]


@dataclass(frozen=True, slots=True)
class Source:
    """One corpus. `pretrain` and `sft` say how often it is repeated in each stage: 0 leaves it out, 0.25 takes a
    quarter of its samples by hash, 2.5 takes all twice and half once more. `within_recipe` reads `path` from the
    recipe's own folder."""

    name: str
    reader: str
    path: str
    licence: str
    pretrain: float = 1.0
    sft: float = 0.0
    held_out: int = 0
    drop_ids: str = ""
    within_recipe: bool = False


@dataclass(frozen=True, slots=True)
class Tokenizer:
    vocabulary: int = 8192
    characters: int = 30_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """A Qwen3-shaped decoder (RMSNorm, rotary positions, QK-norm, SwiGLU, tied embeddings). Sizes in units."""

    hidden: int = 320
    layers: int = 6
    heads: int = 5
    feed_forward: int = 864
    context: int = 1024


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. The learning rate warms up, stays, and falls linearly to 0 over the last `decay` of the steps."""

    tokens: int
    rows: int = 4
    matrix_lr: float = 0.02
    other_lr: float = 3e-3
    warmup: int = 50
    decay: float = 0.0
    clip: float = 1.0
    evaluate_every: int = 250
    save_every: int = 250


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    sources: tuple[Source, ...]
    pretrain: Stage
    sft: Stage
    tokenizer: Tokenizer = field(default_factory=Tokenizer)
    shape: Shape = field(default_factory=Shape)
    crisis: tuple[str, ...] = ()
    seed: int = 1
    compile: bool = False
    instructable: bool = False


def load(path: Path, settings: list[str] | None = None) -> Recipe:
    """Read a recipe, with `--set` overrides applied. Raises `ConfigError`."""
    recipe = parse(Recipe, override(load_toml(path), settings or []))
    if recipe.shape.hidden % recipe.shape.heads:
        raise ConfigError("shape.hidden must be a multiple of shape.heads")
    if (recipe.shape.hidden // recipe.shape.heads) % 2:
        raise ConfigError("shape.hidden / shape.heads must be even for rotary positions")
    return recipe
