"""Perplexity and bits per character of a checkpoint on held-out dialogues."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anxin.errors import DataError, MissingExtra

__all__ = ["Intrinsic", "perplexity"]


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """Results over the counsellor's turns alone, each given its whole history.

    `perplexity` is per token of the model's own tokenizer (exp of the mean negative log-likelihood in nats);
    `bits_per_character` divides the same sum by the characters of those turns, so that tokenizers compare.
    """

    dialogues: int
    tokens: int
    characters: int
    perplexity: float
    bits_per_character: float


def perplexity(folder: Path, heldout: Path, context: int, limit: int | None = None) -> Intrinsic:
    """Measure the checkpoint in `folder` on prepared dialogues (`heldout.jsonl` of a run), in 32 bits.

    A dialogue longer than `context` tokens is cut at its end. Raises `DataError` where there is nothing to measure.
    """
    try:
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModelForCausalLM
    except ImportError:
        raise MissingExtra("measuring perplexity", "train") from None
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    nats, count, characters, dialogues = 0.0, 0, 0, 0
    with heldout.open(encoding="utf-8") as file, torch.no_grad():
        for line in file:
            if limit is not None and dialogues >= limit:
                break
            ids, learn, letters = _encode(json.loads(line)["messages"], tokenizer, context)
            if not any(learn):
                continue
            batch = torch.tensor([ids])
            logits = model(input_ids=batch).logits[0, :-1].float()
            losses = torch.nn.functional.cross_entropy(logits, batch[0, 1:], reduction="none")
            mask = torch.tensor(learn[1:])
            nats += float(losses[mask].sum())
            count += int(mask.sum())
            characters += letters
            dialogues += 1
    if not count:
        raise DataError(f"{heldout} holds no counsellor's turn to measure")
    return Intrinsic(dialogues, count, characters, math.exp(nats / count), nats / math.log(2) / characters)


def _encode(messages: list[dict[str, str]], tokenizer: Any, context: int) -> tuple[list[int], list[bool], int]:
    """Token ids in ChatML, which of them are counted, and the characters they spell; whole turns only."""
    start, end = tokenizer.token_to_id("<|im_start|>"), tokenizer.token_to_id("<|im_end|>")
    ids: list[int] = []
    learn: list[bool] = []
    characters = 0
    for message in messages:
        head = [start, *tokenizer.encode(f"{message['role']}\n").ids]
        body = [*tokenizer.encode(message["content"]).ids, end]
        tail = tokenizer.encode("\n").ids
        if len(ids) + len(head) + len(body) + len(tail) > context:
            break
        speaks = message["role"] == "assistant"
        ids += [*head, *body, *tail]
        learn += [*[False] * len(head), *[speaks] * len(body), *[False] * len(tail)]
        characters += len(message["content"]) if speaks else 0
    return ids, learn, characters
