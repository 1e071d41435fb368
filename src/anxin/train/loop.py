"""The training loop: one stage over packed rows, with checkpoints that resume bit for bit on one machine.

Muon (Jordan 2024) on the matrices, AdamW on the rest; measured in docs/log.md. Loss is the mean over trained tokens
of the negative log-likelihood in nats.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anxin.errors import AnxinError, MissingExtra
from anxin.train.recipe import Recipe, Shape, Stage

if TYPE_CHECKING:
    import numpy as np
    import torch

__all__ = ["TrainingFailed", "build", "finished", "run_stage"]


class TrainingFailed(AnxinError):
    """The loss is no longer a number; the message names the step and the rows."""

    code = "training_failed"


def build(shape: Shape, vocabulary: int, end: int, pad: int, seed: int) -> Any:
    """A Qwen3 model with fresh weights."""
    try:
        import torch
        from transformers import Qwen3Config, Qwen3ForCausalLM
    except ImportError:
        raise MissingExtra("training", "train") from None
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        head_dim=shape.hidden // shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        eos_token_id=end,
        pad_token_id=pad,
        bos_token_id=None,
        attn_implementation="sdpa",
        use_cache=False,
    )
    model = Qwen3ForCausalLM(config)
    with torch.no_grad():  # residual branches start small, as in GPT-2
        for name, parameter in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                parameter.mul_(1 / math.sqrt(2 * shape.layers))
    return model


def finished(name: str, model: Any, recipe: Recipe, stage: Stage, out: Path) -> bool:
    """Whether the stage has run to its end in `out`; if so, `model` gets its weights."""
    import torch

    checkpoint = out / f"{name}.pt"
    if not checkpoint.exists():
        return False
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if saved["step"] < _steps(stage, recipe):
        return False
    model.load_state_dict(saved["model"])
    return True


def run_stage(
    name: str,
    model: Any,
    rows: tuple[np.ndarray, np.ndarray],
    held: tuple[np.ndarray, np.ndarray],
    recipe: Recipe,
    stage: Stage,
    out: Path,
    report: Callable[[dict[str, Any]], None],
) -> None:
    """Train `model` in place over `rows`; write `{name}.pt` checkpoints and `{name}.jsonl` metrics into `out`.

    Continues from the checkpoint when there is one. Raises `TrainingFailed` on a loss that is not a number.
    """
    import numpy as np
    import torch
    from torch.nn import functional

    tokens = rows[0]
    per_step = stage.rows * recipe.shape.context
    steps = _steps(stage, recipe)
    optimisers = _optimisers(model, stage)
    bases = [[group["lr"] for group in optimiser.param_groups] for optimiser in optimisers]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)

    def loss_of(batch: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16):
            logits = model(input_ids=batch).logits[:, :-1]
        target = torch.where(mask[:, 1:], batch[:, 1:], -100)
        return functional.cross_entropy(logits.float().flatten(0, 1), target.flatten(), ignore_index=-100)

    fast = torch.compile(loss_of) if recipe.compile else loss_of
    checkpoint, first = out / f"{name}.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(saved["model"])
        for optimiser, state in zip(optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        first = saved["step"]

    def batches() -> Iterator[np.ndarray]:
        epoch = 0
        while True:
            order = np.random.default_rng((recipe.seed, epoch)).permutation(len(tokens))
            for place in range(0, len(order) - stage.rows + 1, stage.rows):
                yield order[place : place + stage.rows]
            epoch += 1

    def tensors(source: tuple[np.ndarray, np.ndarray], which: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        batch = torch.from_numpy(source[0][which].astype(np.int64)).to(device)
        return batch, torch.from_numpy(source[1][which]).to(device)

    def evaluate() -> float:
        model.eval()
        with torch.no_grad():
            parts = range(0, len(held[0]) - stage.rows + 1, stage.rows)
            losses: list[float] = [fast(*tensors(held, np.arange(at, at + stage.rows))).item() for at in parts]
        model.train()
        return sum(losses) / len(losses)

    def save(step: int) -> None:
        state = {"model": model.state_dict(), "optimisers": [o.state_dict() for o in optimisers], "step": step}
        partial = checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(checkpoint)

    model.train()
    began, done, running = time.monotonic(), 0, 0.0
    with (out / f"{name}.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"stage": asdict(stage), "steps": steps, "from": first}) + "\n")
        for step, which in enumerate(batches(), start=1):
            if step > steps:
                break
            if step <= first:
                continue
            factor = _factor(step, steps, stage)
            for optimiser, lrs in zip(optimisers, bases, strict=True):
                for group, lr in zip(optimiser.param_groups, lrs, strict=True):
                    group["lr"] = lr * factor
            loss = fast(*tensors(rows, which))
            loss.backward()
            value = loss.item()
            if not math.isfinite(value):
                raise TrainingFailed(f"{name}: the loss is {value} at step {step}, rows {which.tolist()}")
            torch.nn.utils.clip_grad_norm_(model.parameters(), stage.clip)
            for optimiser in optimisers:
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            running, done = running + value, done + 1
            if step % stage.evaluate_every == 0 or step == steps:
                speed = done * per_step / (time.monotonic() - began)
                entry = {
                    "step": step,
                    "tokens": step * per_step,
                    "loss": round(running / done, 4),
                    "held_out": round(evaluate(), 4),
                    "factor": round(factor, 4),
                    "tokens_per_second": round(speed),
                }
                log.write(json.dumps(entry) + "\n")
                log.flush()
                report({"stage": name, "steps": steps, **entry})
                began, done, running = time.monotonic(), 0, 0.0
            if step % stage.save_every == 0 or step == steps:
                save(step)


def _steps(stage: Stage, recipe: Recipe) -> int:
    return max(1, stage.tokens // (stage.rows * recipe.shape.context))


def _factor(step: int, steps: int, stage: Stage) -> float:
    warm = min(1.0, step / max(1, stage.warmup))
    falling = int(steps * stage.decay)
    return warm if not falling else warm * min(1.0, (steps - step + 1) / falling)


def _optimisers(model: Any, stage: Stage) -> list[Any]:
    import torch

    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name]
    chosen = {id(parameter) for parameter in matrices}
    others = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=stage.matrix_lr, weight_decay=0.0, momentum=0.95, adjust_lr_fn="original"),
        torch.optim.AdamW(others, lr=stage.other_lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]
