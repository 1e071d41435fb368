"""A recipe from sources to a model folder: prepare, tokenizer, pack, pre-train, fine-tune."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anxin.train.loop import build, finished, run_stage
from anxin.train.prepare import prepare
from anxin.train.recipe import Recipe
from anxin.train.rows import pack
from anxin.train.tokenizer import END, END_OF_TEXT, train_tokenizer

__all__ = ["train"]


def train(recipe: Recipe, data: Path, beside: Path, out: Path, report: Callable[[dict[str, Any]], None]) -> Path:
    """Run every stage of `recipe` in the folder `out` and return the folder of the finished model.

    `data` holds the sources, `beside` is the recipe's own folder, `report` is told of each step's numbers.
    """
    out.mkdir(parents=True, exist_ok=True)
    corpus, folder = out / "corpus", out / "model"
    manifest = prepare(recipe, data, beside, corpus)
    report({"stage": "prepare", **manifest})
    tokenizer = train_tokenizer(
        corpus / "pretrain.jsonl", folder, recipe.tokenizer.vocabulary, recipe.tokenizer.characters
    )
    context = recipe.shape.context
    held = pack(corpus / "heldout.jsonl", tokenizer, context, True, recipe.seed)
    held = held[0][:64], held[1][:64]
    end, pad = tokenizer.token_to_id(END), tokenizer.token_to_id(END_OF_TEXT)
    model = build(recipe.shape, tokenizer.get_vocab_size(), end, pad, recipe.seed)
    for name, stage, only_counsellor in (("pretrain", recipe.pretrain, False), ("sft", recipe.sft, True)):
        if finished(name, model, recipe, stage, out):
            report({"stage": name, "skipped": "already complete"})
            continue
        rows = pack(corpus / f"{name}.jsonl", tokenizer, context, only_counsellor, recipe.seed)
        report({"stage": name, "rows": len(rows[0]), "tokens": int(rows[0].size), "learned": int(rows[1].sum())})
        run_stage(name, model, rows, held, recipe, stage, out, report)
    model.to("cpu").save_pretrained(folder)
    card = {"recipe": asdict(recipe), "commit": _commit(), "corpus": manifest}
    (folder / "anxin.json").write_text(json.dumps(card, ensure_ascii=False, indent=2), encoding="utf-8")
    return folder


def _commit() -> str:
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
