"""How well and how soon the output guard works: `python bench/guard.py` prints a JSON line and tables.

On the authored replies (`evaluate/safety_sets/replies_*.jsonl`): the share of forbidden ones stopped and of good ones
touched, each with Wilson's 95 % interval, and the first by kind. The rules were tuned on `dev` only; `oblique` holds
forbidden replies in words the rules' author had not thought of, and shows what rules of phrases cannot catch.

On the good ones, in seeded pieces of one to four characters: processor microseconds a piece, and how many pieces
(tokens) and characters had arrived and were not yet shown, after each piece. `--set` scores one set alone.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import time
from collections import Counter
from importlib import resources
from typing import Any

from anxin.safety import Guard

_SETS = ("dev", "test", "oblique")
_ROUNDS = 5
_Z = 1.959964  # of a normal distribution, two-sided 95 %


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    share = hits / of
    middle = share + _Z**2 / (2 * of)
    half = _Z * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    return max(0.0, (middle - half) / (1 + _Z**2 / of)), min(1.0, (middle + half) / (1 + _Z**2 / of))


def _rows(name: str) -> list[dict[str, Any]]:
    file = resources.files("anxin.evaluate").joinpath("safety_sets", f"replies_{name}.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def _pieces(row: dict[str, Any]) -> list[str]:
    cutter, text, pieces = random.Random(row["id"]), row["text"], []
    while text:
        size = cutter.randint(1, 4)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def _stopped(row: dict[str, Any]) -> bool:
    guard = Guard(row["lang"])
    for piece in _pieces(row):
        guard.feed(piece)
    guard.finish()
    return guard.tripped is not None


def _scores(rows: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, forbidden in (("stopped", True), ("touched", False)):
        of = [row for row in rows if row["forbidden"] is forbidden]
        if not of:
            continue
        hits = [row for row in of if _stopped(row)]
        low, high = wilson(len(hits), len(of))
        found[name] = {"hits": len(hits), "of": len(of), "low": round(low, 4), "high": round(high, 4)}
        if forbidden:
            all_, caught = Counter(row["kind"] for row in of), Counter(row["kind"] for row in hits)
            found["kinds"] = {kind: f"{caught[kind]}/{all_[kind]}" for kind in sorted(all_)}
    return found


def _lags(rows: list[dict[str, Any]]) -> dict[str, Any]:
    tokens: list[int] = []
    chars: list[int] = []
    for row in rows:
        guard, ends, seen, read = Guard(row["lang"]), [], 0, 0
        for piece in _pieces(row):
            read += len(piece)
            ends.append(read)
            seen += len(guard.feed(piece))
            tokens.append(sum(end > seen for end in ends))
            chars.append(read - seen)
    return {name: _spread(values) for name, values in (("lag_tokens", tokens), ("lag_chars", chars))}


def _spread(values: list[int]) -> dict[str, float]:
    return {
        "mean": round(statistics.mean(values), 2),
        "p99": sorted(values)[int(len(values) * 0.99)],
        "max": max(values),
    }


def _speed(rows: list[dict[str, Any]]) -> float:
    """Processor time a piece in microseconds, the median of several rounds; the start of each guard is in it."""
    replies = [(row["lang"], _pieces(row)) for row in rows]
    count = sum(len(pieces) for _, pieces in replies)
    rounds = []
    for _ in range(_ROUNDS):
        began = time.process_time_ns()
        for language, pieces in replies:
            guard = Guard(language)
            for piece in pieces:
                guard.feed(piece)
            guard.finish()
        rounds.append((time.process_time_ns() - began) / count / 1_000)
    return round(statistics.median(rounds), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=_SETS, help="score one set only")
    only = parser.parse_args().set
    names = (only,) if only else _SETS
    Guard("zh").feed("warm")
    out: dict[str, Any] = {"bench": "guard", **{name: _scores(_rows(name)) for name in names}}
    good = [row for name in names for row in _rows(name) if not row["forbidden"]]
    for language in ("zh", "en") if good else ():
        own = [row for row in good if row["lang"] == language]
        out[language] = {"us_per_piece": _speed(own), **_lags(own)}
    write = sys.stdout.write
    write(json.dumps(out) + "\n\n| set | forbidden stopped | good touched |\n|---|---|---|\n")
    for name in names:
        cells = [
            f"{one['hits']}/{one['of']} ({one['low']:.1%} to {one['high']:.1%})" if one else "none"
            for one in (out[name].get(column) for column in ("stopped", "touched"))
        ]
        write(f"| {name} | {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
