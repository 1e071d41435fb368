"""How much personal data is found: `python bench/personal.py [--half dev|test] [--confusion] [--speed FILE]`.

The set is authored (bench/personal). A gold span is *masked* where predicted spans cover it wholly, whatever their
kind; *found* where one of its own kind does. A predicted span is right where it overlaps a gold one. Shares come with
Wilson's 95 % interval. The headline is masked recall and precision. `--confusion` prints every miss and false span.
Speed (CPU time) is measured on the set's own texts joined into conversations of twelve, or on `--speed FILE` (JSON
lines, .zst too).
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from anxin.corpus.personal.finding import find, find_all
from anxin.corpus.personal.span import KINDS
from anxin.evaluate.safety.figures import wilson

_HERE = Path(__file__).parent / "personal"
_MESSAGES = 12  # texts to a conversation when speed is measured on the set
_ROUNDS = 5


def _share(hits: int, n: int) -> str:
    if n == 0:
        return "-"
    low, high = wilson(hits, n)
    return f"{hits / n:.3f} [{low:.3f}, {high:.3f}] {hits}/{n}"


def _masked(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether the spans, together, cover it wholly."""
    left = set(range(start, end))
    for first, last in spans:
        left -= set(range(first, last))
    return not left


def _score(items: list[dict[str, Any]], *, confusion: bool) -> list[tuple[str, ...]]:
    gold: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    masked: Counter[tuple[str, str]] = Counter()
    said: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    alarms: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for item in items:
        text, language = item["text"], item["language"]
        spans = find(text)
        places = [(span.start, span.end) for span in spans]
        size[language] += 1
        for one in item["spans"]:
            key = language, one["kind"]
            gold[key] += 1
            covered = _masked(one["start"], one["end"], places)
            masked[key] += covered
            found[key] += any(
                span.kind == one["kind"] and span.start <= one["start"] and one["end"] <= span.end for span in spans
            )
            if confusion and not covered:
                _print("MISS ", item, one["kind"], text[one["start"] : one["end"]])
        false = False
        for span in spans:
            said[language, span.kind] += 1
            hit = any(span.start < one["end"] and one["start"] < span.end for one in item["spans"])
            right[language, span.kind] += hit
            false |= not hit
            if confusion and not hit:
                _print("FALSE", item, span.kind, text[span.start : span.end])
        alarms[language] += false
    rows: list[tuple[str, ...]] = [
        ("language", "kind", "masked", "found as its kind", "precision", "items with a false span")
    ]
    for language in ("zh", "en", "all"):
        chosen = ("zh", "en") if language == "all" else (language,)
        for kind in (*KINDS, "all"):
            keys = [(one, each) for one in chosen for each in (KINDS if kind == "all" else (kind,))]
            n, predicted = sum(gold[key] for key in keys), sum(said[key] for key in keys)
            if n or predicted:
                false_items = sum(alarms[one] for one in chosen)
                rows.append(
                    (
                        language,
                        kind,
                        _share(sum(masked[key] for key in keys), n),
                        _share(sum(found[key] for key in keys), n),
                        _share(sum(right[key] for key in keys), predicted),
                        f"{false_items}/{sum(size[one] for one in chosen)}" if kind == "all" else "",
                    )
                )
    return rows


def _print(what: str, item: dict[str, Any], kind: str, words: str) -> None:
    sys.stdout.write(f"{what} {item['id']} {kind}: {words} | {item['text']}\n")


def _speed(conversations: list[tuple[str, ...]]) -> float:
    """Megabytes (UTF-8) a second of one core, the best of several rounds."""
    size = sum(len(text.encode()) for texts in conversations for text in texts)
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for texts in conversations:
            find_all(texts)
        best = min(best, time.process_time() - began)
    return size / best / 1e6


def _conversations(path: Path | None, items: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    if path is None:
        texts = [item["text"] for item in items]
        return [tuple(texts[at : at + _MESSAGES]) for at in range(0, len(texts), _MESSAGES)]
    file: io.TextIOBase
    if path.suffix == ".zst":
        import zstandard

        file = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(path.open("rb")), encoding="utf-8")
    else:
        file = path.open(encoding="utf-8")
    with file:
        records = [json.loads(line) for _, line in zip(range(600), file, strict=False)]
    return [tuple(message["content"] for message in record["messages"]) for record in records]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("dev", "test"), default="dev")
    parser.add_argument("--confusion", action="store_true", help="print every miss and false span")
    parser.add_argument("--speed", type=Path, help="measure speed on the first 600 conversations of this file")
    asked = parser.parse_args()
    items = [json.loads(line) for line in (_HERE / f"{asked.half}.jsonl").read_text("utf-8").splitlines() if line]
    for row in _score(items, confusion=asked.confusion):
        sys.stdout.write("| " + " | ".join(row) + " |\n")
    sys.stdout.write(f"\n{_speed(_conversations(asked.speed, items)):.2f} MB/s on one core\n")


if __name__ == "__main__":
    main()
