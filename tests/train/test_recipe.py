from __future__ import annotations

from pathlib import Path

import pytest

from anxin.errors import ConfigError
from anxin.train import load

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_shipped_recipe_can_be_read(path: Path) -> None:
    recipe = load(path)
    assert recipe.sources
    assert all(source.licence for source in recipe.sources)


def test_overrides_are_checked() -> None:
    assert load(RECIPES[0], ["pretrain.tokens=5"]).pretrain.tokens == 5
    with pytest.raises(ConfigError, match=r"unknown key pretrain\.token; did you mean tokens"):
        load(RECIPES[0], ["pretrain.token=5"])
    with pytest.raises(ConfigError, match="multiple of"):
        load(RECIPES[0], ["shape.heads=7"])
