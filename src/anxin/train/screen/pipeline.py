"""Fitting the learned screen: features, nested cross-validation, calibration, the file."""

from __future__ import annotations

import base64
import json
import math
import random
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anxin.errors import DataError
from anxin.safety.features import Words, features
from anxin.safety.learned import FORMAT, OUTPUTS
from anxin.safety.normal import clear, fold
from anxin.train.screen.examples import Example, read_examples
from anxin.train.screen.recipe import Fit, ScreenRecipe

__all__ = ["train_screen"]

Report = Callable[[dict[str, Any]], None]


class _Data:
    """Examples as rows of feature numbers, their targets (NaN where open) and weights."""

    def __init__(self, examples: Sequence[Example], words: Words, least: int) -> None:
        sets = [features(clear(fold(example.text)).text, words) for example in examples]
        counts = Counter(gram for row in sets for gram in row)
        self.grams = sorted(gram for gram, count in counts.items() if count >= least and "\n" not in gram)
        place = {gram: number for number, gram in enumerate(self.grams)}
        self.rows = [torch.tensor([place[gram] for gram in sorted(row) if gram in place]) for row in sets]
        self.share = [1 / math.sqrt(len(row)) for row in sets]
        self.targets = torch.tensor(
            [[math.nan if target is None else target for target in example.targets] for example in examples]
        )
        self.weights = torch.tensor([example.weight for example in examples])

    def batch(self, chosen: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        rows = [self.rows[one] for one in chosen]
        starts = torch.tensor([0, *(len(row) for row in rows[:-1])]).cumsum(0)
        shares = torch.cat([torch.full((len(self.rows[one]),), self.share[one]) for one in chosen])
        return torch.cat(rows), starts, shares


class _Linear:
    """The linear model while it is fitted: one row of weights a feature."""

    def __init__(self, size: int) -> None:
        self.bag = torch.nn.EmbeddingBag(size, len(OUTPUTS), mode="sum", sparse=True)
        torch.nn.init.zeros_(self.bag.weight)
        self.bias = torch.nn.Parameter(torch.zeros(len(OUTPUTS)))

    def logits(self, data: _Data, chosen: Sequence[int]) -> torch.Tensor:
        numbers, starts, shares = data.batch(chosen)
        out: torch.Tensor = self.bag(numbers, starts, per_sample_weights=shares) + self.bias
        return out


def _fit(data: _Data, chosen: Sequence[int], fit: Fit, rate: float, seed: int) -> _Linear:
    model = _Linear(len(data.grams))
    optimiser = torch.optim.Adagrad([model.bag.weight, model.bias], lr=rate)
    order = random.Random(seed)
    for _ in range(fit.epochs):
        mixed = list(chosen)
        order.shuffle(mixed)
        for at in range(0, len(mixed), fit.batch):
            some = mixed[at : at + fit.batch]
            loss = _loss(model.logits(data, some), data.targets[some], data.weights[some])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model


def _loss(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean weighted cross-entropy in nats over the targets that are known."""
    known = ~targets.isnan()
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets.nan_to_num(), reduction="none")
    loss: torch.Tensor = (each * known * weights[:, None]).sum() / known.sum().clamp(min=1)
    return loss


def _logits(model: _Linear, data: _Data, chosen: Sequence[int]) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([model.logits(data, chosen[at : at + 512]) for at in range(0, len(chosen), 512)])


def _folds(chosen: Sequence[int], count: int, seed: int) -> list[list[int]]:
    mixed = list(chosen)
    random.Random(seed).shuffle(mixed)
    return [mixed[place::count] for place in range(count)]


def _best_rate(data: _Data, chosen: Sequence[int], fit: Fit, seed: int) -> float:
    """The learning rate with the lowest cross-entropy on the inner folds."""
    if len(fit.grid) == 1:
        return fit.grid[0]
    losses: dict[float, float] = {}
    for rate in fit.grid:
        total = 0.0
        for held in _folds(chosen, fit.inner, seed):
            model = _fit(data, sorted(set(chosen) - set(held)), fit, rate, seed)
            total += float(_loss(_logits(model, data, held), data.targets[held], data.weights[held]))
        losses[rate] = total / fit.inner
    return min(losses, key=losses.__getitem__)


def _platt(logits: torch.Tensor, targets: torch.Tensor) -> tuple[float, float]:
    """Slope and shift that make held-out logits probabilities (Platt 1999), by Newton's method on the log loss."""
    known = ~targets.isnan()
    x, y = logits[known].double(), targets[known].double()
    if not 0 < float(y.mean()) < 1:
        return 1.0, 0.0
    parameters = torch.tensor([1.0, 0.0], dtype=torch.float64)
    design = torch.stack([x, torch.ones_like(x)], 1)
    for _ in range(50):
        chance = torch.sigmoid(design @ parameters)
        slope = design.T @ (chance - y) + 1e-6 * parameters
        curve = design.T @ (design * (chance * (1 - chance))[:, None]) + 1e-6 * torch.eye(2, dtype=torch.float64)
        step = torch.linalg.solve(curve, slope)
        parameters = parameters - step
        if float(step.abs().max()) < 1e-9:
            break
    return float(parameters[0]), float(parameters[1])


def _found(logits: torch.Tensor, targets: torch.Tensor, alarms: float) -> float:
    """Recall at a false-alarm rate."""
    known = ~targets.isnan()
    x, y = logits[known], targets[known]
    quiet = x[y == 0].sort(descending=True).values
    if not len(quiet) or not (y == 1).any():
        return math.nan
    limit = quiet[min(len(quiet) - 1, int(alarms * len(quiet)))]
    return float((x[y == 1] > limit).float().mean())


def train_screen(recipe: ScreenRecipe, data: Path, beside: Path, out: Path, report: Report) -> Path:
    """Fit the screen and return the path of the model file in `out`; `report` is told of each step's numbers.

    Outer folds give the figures and the calibration, inner folds choose the learning rate: no text judges a model that
    was fitted or chosen with it.
    """
    torch.manual_seed(recipe.seed)
    torch.sparse.check_sparse_tensor_invariants.disable()  # said outright, or torch warns that it is not said
    groups = _groups(beside / recipe.groups)
    examples = read_examples(recipe, data, beside)
    report({"stage": "read", "examples": len(examples), **Counter(example.source for example in examples)})
    rows = _Data(examples, Words.of({word: (coarse, fine) for word, coarse, fine in groups}), recipe.fit.least)
    report({"stage": "features", "count": len(rows.grams)})
    everything = range(len(examples))
    held_out = torch.full((len(examples), len(OUTPUTS)), math.nan)
    for number, held in enumerate(_folds(everything, recipe.fit.outer, recipe.seed)):
        kept = sorted(set(everything) - set(held))
        rate = _best_rate(rows, kept, recipe.fit, recipe.seed)
        held_out[held] = _logits(_fit(rows, kept, recipe.fit, rate, recipe.seed), rows, held)
        report({"stage": "fold", "number": number, "rate": rate})
    figures = _figures(held_out, rows.targets, [example.source for example in examples])
    report({"stage": "cross-validation", **figures})
    model = _fit(rows, everything, recipe.fit, _best_rate(rows, everything, recipe.fit, recipe.seed), recipe.seed)
    platt = [_platt(held_out[:, place], rows.targets[:, place]) for place in range(len(OUTPUTS))]
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(figures, ensure_ascii=False, indent=2), "utf-8")
    path = out / "screen.model"
    path.write_bytes(_packed(recipe, groups, rows.grams, model, platt))
    report({"stage": "written", "bytes": path.stat().st_size})
    return path


def _groups(path: Path) -> list[tuple[str, int, int]]:
    try:
        lines = path.read_text("utf-8").splitlines()
        rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
        return [(word, int(coarse), int(fine)) for word, coarse, fine in rows]
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the table of word groups {path} ({type(error).__name__})") from error


def _figures(logits: torch.Tensor, targets: torch.Tensor, sources: Sequence[str]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for place, name in enumerate(OUTPUTS):
        for alarms in (0.01, 0.05, 0.1):
            found = _found(logits[:, place], targets[:, place], alarms)
            figures[f"{name} recall at {alarms:.0%}"] = round(found, 4)
    only = [number for number, source in enumerate(sources) if source == "psysuicide"]
    for alarms in (0.01, 0.05, 0.1):
        if only:
            found = _found(logits[only, 0], targets[only, 0], alarms)
            figures[f"psysuicide t2 recall at {alarms:.0%}"] = round(found, 4)
    return figures


def _packed(
    recipe: ScreenRecipe,
    groups: Sequence[tuple[str, int, int]],
    grams: Sequence[str],
    model: _Linear,
    platt: Sequence[tuple[float, float]],
) -> bytes:
    """The file of `anxin.safety.learned`: the features with the largest weights, four signed bytes each."""
    weights = model.bag.weight.detach().numpy()
    largest = np.abs(weights).max(1)
    kept = np.sort(np.argsort(-largest, kind="stable")[: recipe.fit.keep])
    weights = weights[kept]
    scale = np.maximum(np.abs(weights).max(0), 1e-9) / 127
    raw = {
        "format": FORMAT,
        "recipe": recipe.name,
        "features": "\n".join(grams[place] for place in kept),
        "weights": base64.b64encode(np.round(weights / scale).astype(np.int8).tobytes()).decode(),
        "scale": [float(one) for one in scale],
        "bias": [float(one) for one in model.bias.detach()],
        "slope": [slope for slope, _ in platt],
        "shift": [shift for _, shift in platt],
        "groups": groups,
        "limits": {"zh": astuple(recipe.zh), "en": astuple(recipe.en)},
    }
    return zlib.compress(json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode(), 9)
