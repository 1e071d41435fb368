"""Training the learned screen on a made-up world, and the rules its tables keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anxin.errors import ConfigError, DataError
from anxin.safety.learned import Learned, Limits

pytest.importorskip("torch")
pytest.importorskip("numpy")

from anxin.train.screen import load_screen, read_examples, train_screen

_ROOT = Path(__file__).parent.parent.parent
_CALM = ["今天买了新的水杯", "周末去公园放风筝", "晚饭吃了番茄面", "the bus was late again", "we had soup for dinner"]
_GRAVE = [
    "信都写好放在抽屉里了",
    "猫托付给朋友以后就走",
    "等大家睡了我就离开",
    "the letters are written",
    "i gave the cat away",
]

_RECIPE = """
kind = "screen"
name = "r"
groups = "groups.tsv"
authored = ["own.tsv"]
zh = {t2 = 0.5, t3 = 0.6, t4 = 0.9}
en = {t2 = 0.4, t3 = 0.6, t4 = 0.9}
fit = {grid = [0.5, 1.0], outer = 2, inner = 2, epochs = 6}
"""


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    rows = [f"0\tnone\teveryday\t{text}{mark}" for text in _CALM for mark in ("", "。", "!", "呀")]
    rows += [f"4\tself\tpreparation\t{text}{mark}" for text in _GRAVE for mark in ("", "。", "!", "呀")]
    rows += [f"3\tother\tother\t他说{text}{mark}" for text in _GRAVE[:3] for mark in ("", "。")]
    (tmp_path / "own.tsv").write_text("# made up\n" + "\n".join(rows) + "\n", "utf-8")
    (tmp_path / "groups.tsv").write_text("cat\t1\t2\n朋友\t3\t4\n", "utf-8")
    (tmp_path / "r.toml").write_text(_RECIPE, "utf-8")
    return tmp_path


def test_sentences_become_a_model_that_tells_them_apart(beside: Path) -> None:
    told: list[dict[str, Any]] = []
    path = train_screen(load_screen(beside / "r.toml"), beside, beside, beside / "out", told.append)
    model = Learned.read(path.read_bytes())
    assert model.estimate("信都写好放在抽屉里").t2 > model.estimate("今天买了新的风筝").t2
    assert model.estimate("他说信都写好了").other > model.estimate("信都写好了").other
    assert model.limits_for("信") == Limits(0.5, 0.6, 0.9)
    assert model.limits_for("letter") == Limits(0.4, 0.6, 0.9)
    figures = json.loads((beside / "out" / "report.json").read_text("utf-8"))
    assert 0 <= figures["t2 recall at 5%"] <= 1
    assert [entry["stage"] for entry in told].count("fold") == 2


def test_the_same_seed_gives_the_same_file(beside: Path) -> None:
    recipe = load_screen(beside / "r.toml", ["fit.grid=[0.5]"])
    files = [train_screen(recipe, beside, beside, beside / name, lambda _: None).read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("line", "says"), [("2\tself\tpassive", "line 2"), ("9\tself\tpassive\ttext", "0 to 5")], ids=["columns", "risk"]
)
def test_a_wrong_row_is_named(beside: Path, line: str, says: str) -> None:
    (beside / "own.tsv").write_text(f"# made up\n{line}\n", "utf-8")
    with pytest.raises(DataError, match=says):
        read_examples(load_screen(beside / "r.toml"), beside, beside)


def test_a_limit_is_a_probability(beside: Path) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        load_screen(beside / "r.toml", ["zh.t2=1.5"])


def test_no_evaluation_sentence_is_trained_on() -> None:
    folder = _ROOT / "src" / "anxin" / "evaluate" / "safety_sets"
    held = {
        "".join(json.loads(line)["text"].split()).lower()
        for path in folder.glob("*_??.jsonl")
        for line in path.read_text("utf-8").splitlines()
    }
    assert len(held) > 2_000
    for path in (_ROOT / "recipes" / "screen").glob("*.tsv"):
        for line in path.read_text("utf-8").splitlines():
            row = line.split("\t")
            if len(row) == 4:
                assert "".join(row[3].split()).lower() not in held, path.name
