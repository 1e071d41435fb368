"""The whole road on a few sentences: it learns, resumes, and its file answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from anxin.evaluate import perplexity  # noqa: E402
from anxin.export import export_gguf  # noqa: E402
from anxin.model.gguf import read_header  # noqa: E402
from anxin.train import TrainingFailed, load, train  # noqa: E402
from anxin.train.loop import build, run_stage  # noqa: E402
from anxin.train.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

RECIPE = """
name = "tiny"
crisis = ["不想活"]
[tokenizer]
vocabulary = 300
[shape]
hidden = 64
layers = 2
heads = 2
feed_forward = 96
context = 64
[pretrain]
tokens = 7680
rows = 4
warmup = 2
evaluate_every = 10
save_every = 10
[sft]
tokens = 2560
rows = 4
warmup = 1
decay = 0.9
evaluate_every = 5
save_every = 5
[[sources]]
name = "ours"
reader = "dialogues"
path = "ours.jsonl"
licence = "CC0"
held_out = 8
sft = 1
"""
WORDS = ["失眠", "加班", "考试", "吵架", "分手", "想家", "迷路", "堵车"]


def _talk(number: int) -> dict[str, Any]:
    word = WORDS[number % len(WORDS)]
    text = f"第{number}天{word}" if number else "我不想活了"
    reply = f"{word}很难受吧。"
    return {
        "id": str(number),
        "messages": [{"role": "client", "content": text}, {"role": "counselor", "content": reply}],
    }


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    (tmp_path / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    lines = [json.dumps(_talk(number), ensure_ascii=False) + "\n" for number in range(64)]
    (tmp_path / "ours.jsonl").write_text("".join(lines), encoding="utf-8")
    return tmp_path


def _run(ground: Path, out: str, settings: list[str] | None = None) -> tuple[Path, list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []
    recipe = load(ground / "tiny.toml", settings)
    return train(recipe, ground, ground, ground / out, told.append), told


def test_a_recipe_becomes_a_model_that_learned(ground: Path) -> None:
    folder, told = _run(ground, "run")
    losses = [entry["held_out"] for entry in told if "held_out" in entry]
    assert losses[-1] < losses[0] - 0.5
    manifest = json.loads((ground / "run/corpus/manifest.json").read_text())
    assert manifest["counts"]["ours"] == {"dropped_crisis": 1, "kept": 55, "held_out": 8}
    measured = perplexity(folder, ground / "run/corpus/heldout.jsonl", 64)
    assert measured.dialogues == 8
    assert measured.perplexity < 300 / 4
    assert measured.bits_per_character > 0

    assert export_gguf(folder, ground / "tiny.gguf", "q8_0", "tiny", {"instructable": False, "demonstration": True})
    header = read_header(ground / "tiny.gguf")
    assert header.name == "tiny"
    assert header.context == 64
    assert header.flag("anxin.demonstration", False) and not header.flag("anxin.instructable", True)


def test_resumed_is_uninterrupted_bit_for_bit(ground: Path) -> None:
    whole, _ = _run(ground, "whole")
    _run(ground, "broken", ["pretrain.tokens=2560", "sft.tokens=256"])
    (ground / "broken/sft.pt").unlink()
    shutil.rmtree(ground / "broken/corpus")
    resumed, told = _run(ground, "broken")
    assert [entry["step"] for entry in told if "held_out" in entry and entry["stage"] == "pretrain"] == [20, 30]
    ours, theirs = ((path / "model.safetensors").read_bytes() for path in (resumed, whole))
    assert ours == theirs


def test_a_loss_that_is_no_number_stops_with_the_rows_named(ground: Path) -> None:
    recipe = load(ground / "tiny.toml")
    model = build(recipe.shape, 300, 2, 0, seed=1)
    with torch.no_grad():
        model.model.norm.weight.fill_(float("nan"))
    rows = torch.full((8, 64), 5, dtype=torch.int64).numpy().astype("uint16"), torch.ones(8, 64, dtype=bool).numpy()
    with pytest.raises(TrainingFailed, match=r"step 1, rows \["):
        run_stage("pretrain", model, rows, rows, recipe, recipe.pretrain, ground, lambda entry: None)


def test_a_recipe_is_frozen(ground: Path) -> None:
    recipe = load(ground / "tiny.toml")
    assert isinstance(recipe, Recipe)
    with pytest.raises(AttributeError):
        recipe.seed = 2  # type: ignore[misc]
