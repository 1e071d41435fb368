"""How long the screen and the guard take: `python bench/screen.py` prints a JSON line and a table.

1,000 mixed texts, all authored: the golden sentences of the tests, short and joined into longer messages. Reported are
microseconds per `screen` call (p50, p99, worst) and nanoseconds per piece fed to a `Guard`, in pieces of about a token.
"""

from __future__ import annotations

import json
import random
import re
import statistics
import sys
import time
import tomllib
from pathlib import Path

from anxin.safety import Guard, screen

_GOLDEN = Path(__file__).parent.parent / "tests" / "safety" / "golden"
_TEXTS = 1_000
_ROUNDS = 5


def _sentences() -> list[str]:
    found: list[str] = []
    for language in ("zh", "en"):
        for group in tomllib.loads((_GOLDEN / f"{language}.toml").read_text("utf-8"))["group"]:
            found += group["say"]
    return found


def _texts(random_: random.Random) -> list[str]:
    """Half single sentences, half messages of two to eight."""
    said = _sentences()
    return [" ".join(random_.choices(said, k=1 if place % 2 else random_.randint(2, 8))) for place in range(_TEXTS)]


def _screen(texts: list[str]) -> dict[str, float]:
    """Each text's best of several rounds: the machine's other work is not the screen's."""
    best = [float("inf")] * len(texts)
    for _ in range(_ROUNDS):
        for place, text in enumerate(texts):
            began = time.perf_counter_ns()
            screen(text)
            best[place] = min(best[place], (time.perf_counter_ns() - began) / 1_000)
    cuts = statistics.quantiles(best, n=100)
    return {
        "p50_us": round(cuts[49], 1),
        "p99_us": round(cuts[98], 1),
        "max_us": round(max(best), 1),
        "mean_chars": round(statistics.mean(map(len, texts)), 1),
    }


def _guard() -> dict[str, float]:
    zh = "听起来你这段时间真的很不容易，工作压力大，晚上又睡不好，换了谁都会觉得累。你愿意多说一点今天发生的事吗？"
    en = "It sounds like you have been carrying a lot lately, and you are tired. Would you tell me more about today?"
    found: dict[str, float] = {}
    for language, pieces in (("zh", re.findall(r".{1,2}", zh)), ("en", re.findall(r"\s?\S+", en))):
        rounds = []
        for _ in range(40 * _ROUNDS):
            guard = Guard(language)  # type: ignore[arg-type]
            began = time.perf_counter_ns()
            for piece in pieces:
                guard.feed(piece)
            guard.finish()
            rounds.append((time.perf_counter_ns() - began) / len(pieces))
        found[f"guard_{language}_ns_per_piece"] = round(statistics.median(rounds))
    return found


def main() -> None:
    screen("warm")
    Guard("zh").feed("warm")
    row = {"bench": "screen", "texts": _TEXTS, **_screen(_texts(random.Random(7))), **_guard()}
    write = sys.stdout.write
    write(json.dumps(row) + "\n\n| what | value |\n|---|---|\n")
    for name, value in row.items():
        write(f"| {name} | {value} |\n")


if __name__ == "__main__":
    main()
