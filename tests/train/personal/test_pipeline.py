"""The shipped recipe, and how items become rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anxin.corpus.personal.tagger import BITS, TAGS, TEMPLATES
from anxin.corpus.personal.units import read_units
from anxin.errors import DataError
from anxin.train.personal.fit import Rows, fit
from anxin.train.personal.pipeline import load_personal, read_items, tags_of
from anxin.train.personal.recipe import PersonalRecipe

ROOT = Path(__file__).parents[3]


def test_the_shipped_recipe_names_files_that_are_there_and_never_the_held_out_half() -> None:
    recipe = load_personal(ROOT / "recipes" / "personal" / "personal.toml")
    assert (ROOT / "recipes" / "personal" / recipe.pools).is_file()
    assert "test" not in recipe.sets
    assert all((ROOT / "bench" / "personal" / f"{name}.jsonl").is_file() for name in recipe.sets)


def test_a_missing_set_is_named() -> None:
    with pytest.raises(DataError, match="the recipe names its folder"):
        read_items(ROOT / "bench" / "personal" / "nowhere.jsonl")


def test_spans_become_tags() -> None:
    text = "我叫李明轩，读清华。"
    units = read_units([text, "好"], [[], []], np.zeros(1 << 20, np.uint8), {})
    spans = [{"start": 2, "end": 5, "kind": "name"}, {"start": 7, "end": 9, "kind": "school"}]
    tags = tags_of(units, [spans, []])
    said = [TAGS[tag] for tag, text_ in zip(tags, units.text_of, strict=True) if text_ == 0]
    assert said == ["O", "O", "B-name", "I-name", "E-name", "O", "O", "B-school", "E-school", "O"]


def test_a_fit_learns_what_tells_the_tags_apart_and_is_the_same_again() -> None:
    random = np.random.default_rng(7)
    features = random.integers(0, 500, (600, len(TEMPLATES))).astype(np.int32)
    tags = random.integers(0, 2, 600) * TAGS.index("S-name")
    features[:, 3] = np.where(tags > 0, (1 << BITS) - 1, (1 << BITS) - 2)
    recipe = PersonalRecipe("toy", (), "", epochs=3)
    rows = Rows(features, tags, np.ones(600, np.float32))
    fitted, again = fit(rows, recipe), fit(rows, recipe)
    assert np.array_equal(fitted.weights, again.weights)
    telling = fitted.weights[np.searchsorted(fitted.features, (1 << BITS) - 1)]
    assert telling[TAGS.index("S-name")] - telling[0] > 1
