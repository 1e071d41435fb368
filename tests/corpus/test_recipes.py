"""Every corpus recipe that is shipped can be read, and the smoke recipe runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from anxin.corpus.recipe import load_recipe
from anxin.corpus.run import run
from anxin.corpus.steps import STEPS

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "recipes" / "corpus"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_can_be_read(path: Path, tmp_path: Path) -> None:
    recipe = load_recipe(path, tmp_path)
    assert recipe.name == path.stem and recipe.stages[-1].name == "card"


def test_the_recipe_in_the_documents_can_be_read(tmp_path: Path) -> None:
    (written,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "corpus.md").read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "example.toml"
    path.write_text(written, encoding="utf-8")
    assert [stage.name for stage in load_recipe(path, tmp_path).stages] == ["clean", "dedup", "split", "card"]


def test_every_step_is_in_the_documents() -> None:
    text = (ROOT / "docs" / "corpus.md").read_text(encoding="utf-8")
    assert [name for name in STEPS if f"`{name}`" not in text] == []


def test_the_smoke_recipe_runs(tmp_path: Path) -> None:
    path = RECIPES / "smoke.toml"
    done = {stage.stage: stage.tally for stage in run(load_recipe(path, tmp_path), tmp_path, tmp_path / "out")}
    assert done["read"].kept > 200 and done["mix"].kept > 150
    assert "# Smoke" in (tmp_path / "out" / "card" / "card.md").read_text(encoding="utf-8")
