"""From prepared samples to rows of tokens with a loss mask.

Whole dialogues are packed into rows of the model's context by best fit, so that no dialogue is cut in the middle;
one that is too long is cut after the last counsellor's turn that fits. Padding carries no loss.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anxin.train.tokenizer import END, END_OF_TEXT, START

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

__all__ = ["Encoded", "encode", "pack"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tokens of one sample and, for each, whether the model is trained to say it."""

    tokens: list[int]
    learn: list[bool]


def encode(record: Mapping[str, Any], tokenizer: Tokenizer, context: int, only_counsellor: bool) -> Iterator[Encoded]:
    """Encode one prepared record: a dialogue gives one sample, a document one for each `context` tokens.

    With `only_counsellor` the loss falls on the counsellor's words and the token that ends the turn, nothing else.
    """
    start, end, stop = (tokenizer.token_to_id(token) for token in (START, END, END_OF_TEXT))
    if "text" in record:
        ids = [*tokenizer.encode(str(record["text"])).ids, stop]
        for place in range(0, len(ids), context):
            piece = ids[place : place + context]
            yield Encoded(piece, [not only_counsellor] * len(piece))
        return
    tokens: list[int] = []
    learn: list[bool] = []
    fits: tuple[int, int] | None = None
    for message in record["messages"]:
        speaks = message["role"] == "assistant"
        head = [start, *tokenizer.encode(f"{message['role']}\n").ids]
        body = [*tokenizer.encode(message["content"]).ids, end]
        tail = tokenizer.encode("\n").ids
        tokens += [*head, *body, *tail]
        learn += [*[not only_counsellor] * len(head), *[speaks or not only_counsellor] * len(body)]
        learn += [not only_counsellor] * len(tail)
        if len(tokens) >= context:
            break
        if speaks:
            fits = len(tokens), len(learn)
    if fits is not None:
        yield Encoded([*tokens[: fits[0]], stop], [*learn[: fits[1]], not only_counsellor])


def pack(
    corpus: Path, tokenizer: Tokenizer, context: int, only_counsellor: bool, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `context` tokens (uint16) and their loss mask (bool), shuffled by `seed`."""
    import numpy as np

    samples: list[Encoded] = []
    with corpus.open(encoding="utf-8") as file:
        for line in file:
            samples += encode(json.loads(line), tokenizer, context, only_counsellor)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(samples))
    samples = [samples[place] for place in order]
    samples.sort(key=lambda sample: -len(sample.tokens))
    rows: list[list[Encoded]] = []
    room: list[tuple[int, int]] = []  # (tokens left, row), ascending: the first that fits is the tightest
    for sample in samples:
        place = bisect.bisect_left(room, (len(sample.tokens), -1))
        if place == len(room):
            rows.append([sample])
            bisect.insort(room, (context - len(sample.tokens), len(rows) - 1))
        else:
            left, row = room.pop(place)
            rows[row].append(sample)
            if left > len(sample.tokens):
                bisect.insort(room, (left - len(sample.tokens), row))
    tokens: Any = np.full((len(rows), context), tokenizer.token_to_id(END_OF_TEXT), dtype=np.uint16)
    learn: Any = np.zeros((len(rows), context), dtype=bool)
    for at, row_at in enumerate(rng.permutation(len(rows))):
        members = rows[row_at]
        place = 0
        for member in (members[i] for i in rng.permutation(len(members))):
            tokens[at, place : place + len(member.tokens)] = member.tokens
            learn[at, place : place + len(member.learn)] = member.learn
            place += len(member.tokens)
    return tokens, learn
