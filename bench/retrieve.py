"""How long a search takes in 10,000 pieces: `python bench/retrieve.py` prints a JSON line and a table.

The library is generated: pieces of one kind in one language, the worst case, made of the packaged pieces' own lines
mixed at random, so that terms are as common as in real ones. Queries are lines of them, as long as three messages of a
client. Reported: microseconds per search and per offer (gate, history and search), each the best of five rounds.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from anxin.dialogue import Dialogue, Language
from anxin.retrieve import Index, Kind, Piece, library, offer
from anxin.safety import Ledger

_PIECES = 10_000
_QUERIES = 200
_ROUNDS = 5


def _generated(kind: Kind, language: Language, random_: random.Random) -> list[Piece]:
    held = [piece for piece in library() if piece.language == language]
    lines = [line for piece in held for line in piece.body]
    words = [word for piece in held for word in piece.words]
    like = next(piece for piece in held if piece.kind == kind)
    return [
        replace(
            like,
            id=f"{kind}-{language}-{number}",
            title=random_.choice(held).title,
            body=tuple(random_.choices(lines, k=7)),
            words=tuple(random_.sample(words, 4)),
        )
        for number in range(_PIECES)
    ]


def _time(what: Callable[[int], object]) -> dict[str, float]:
    best = [float("inf")] * _QUERIES
    for _ in range(_ROUNDS):
        for place in range(_QUERIES):
            began = time.perf_counter_ns()
            what(place)
            best[place] = min(best[place], (time.perf_counter_ns() - began) / 1_000)
    cuts = statistics.quantiles(best, n=100)
    return {"p50_us": round(cuts[49]), "p99_us": round(cuts[98])}


def _measure(language: Language) -> dict[str, float]:
    random_ = random.Random(7)
    pieces = _generated("crosstalk", language, random_)
    began = time.perf_counter()
    index = Index(pieces)
    found = {f"{language} build_s": round(time.perf_counter() - began, 2)}
    asked = [" ".join(random_.choice(pieces).body[:3])[:180] for _ in range(_QUERIES)]
    light = "哈哈，" if language == "zh" else "haha, "
    talks = [Dialogue() for _ in asked]
    for place, said in enumerate(asked):
        for _ in range(2):
            talks[place] = talks[place].says("client", said[:60]).says("counsellor", said)
        talks[place] = talks[place].says("client", light + said[:60])
    ledger = Ledger(turns=3)
    search = _time(lambda place: index.search(asked[place], "crosstalk", language))
    whole = _time(lambda place: offer(talks[place], ledger, language, index=index))
    found |= {f"{language} search {key}": value for key, value in search.items()}
    found |= {f"{language} offer {key}": value for key, value in whole.items()}
    offered = [offer(talk, ledger, language, index=index) for talk in talks]
    return found | {f"{language} offered": sum(piece is not None for piece in offered)}


def main() -> None:
    row: dict[str, object] = {"bench": "retrieve", "pieces": _PIECES, **_measure("zh"), **_measure("en")}
    write = sys.stdout.write
    write(json.dumps(row) + "\n\n| what | value |\n|---|---|\n")
    for name, value in row.items():
        write(f"| {name} | {value} |\n")


if __name__ == "__main__":
    main()
