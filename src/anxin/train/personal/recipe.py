"""The recipe of the tagger of personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["PersonalRecipe"]


@dataclass(frozen=True, slots=True)
class PersonalRecipe:
    """`sets` are files in the folder `authored` (from the recipe's own), `pools` the table beside the recipe of what is
    put in for their values.

    `copies`: how often each item is repeated with other values. `small_letters`: the share of English items also read
    without capitals. `dialogues`: how many of SmileChat (CC0) are read as text that holds no names, from the
    `dialogues_from`-th on; `hard`: in how many more a first fit is asked what it would wrongly take for one, so that
    the second learns it; `counted`: in how many pairs and triples of characters are counted. `seeds`: fits averaged.
    `keep`: features in the model file.
    """

    name: str
    sets: tuple[str, ...]
    pools: str
    kind: Literal["personal"] = "personal"
    authored: str = "../../bench/personal"
    copies: int = 2
    small_letters: float = 0.3
    dialogues: int = 200
    dialogues_from: int = 30000
    hard: int = 0
    counted: int = 25000
    epochs: int = 7
    rate: float = 0.25
    dropped: float = 0.2
    hints_dropped: float = 0.5
    seeds: int = 1
    keep: int = 120_000
    seed: int = 1
