"""Every corpus recipe that is shipped can be read, and the smoke recipe runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from anxin.corpus.recipe import load_recipe
from anxin.corpus.run import run

RECIPES = Path(__file__).parents[2] / "recipes" / "corpus"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_can_be_read(path: Path, tmp_path: Path) -> None:
    recipe = load_recipe(path, tmp_path)
    assert recipe.name == path.stem and recipe.stages[-1].name == "card"


def test_the_smoke_recipe_runs(tmp_path: Path) -> None:
    path = RECIPES / "smoke.toml"
    done = {stage.stage: stage.tally for stage in run(load_recipe(path, tmp_path), tmp_path, tmp_path / "out")}
    assert done["read"].kept > 200 and done["mix"].kept > 150
    assert "# Smoke" in (tmp_path / "out" / "card" / "card.md").read_text(encoding="utf-8")
