"""How much personal data is found: `python bench/personal.py [--half dev|test] [--confusion] [--speed FILE]`,
`python bench/personal.py --folds --data DIR [--recipe FILE] [--lean NATS ...]`.

The set is authored (bench/personal). A gold span is *masked* where predicted spans cover it wholly, whatever their
kind; *found* where one of its own kind does. A predicted span is right where it overlaps a gold one. Shares come with
Wilson's 95 % interval. The headline is masked recall and precision. `--confusion` prints every miss and false span.
Speed (CPU time) is measured on the set's own texts joined into conversations of twelve, or on `--speed FILE` (JSON
lines, .zst too).

`--half dev` is every text that may be read: dev.jsonl and the more_*.jsonl of three further authors. The shipped tagger
has learned from all of them, so that figures on it say nothing of unseen text. `--folds` does: the tagger is learned
from two of the four files and scored on the other two, by other authors, and the other way round, for each `--lean`.
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

from anxin.corpus.personal.finding import decide, find_all
from anxin.corpus.personal.reading import plain
from anxin.corpus.personal.span import KINDS
from anxin.corpus.personal.tagger import LEAN, Tagger, tagger
from anxin.evaluate.safety.figures import wilson

_HERE = Path(__file__).parent / "personal"
_HALVES = {"dev": ("dev", "more_zh_a", "more_zh_b", "more_en"), "test": ("test",)}
_FOLDS = ((("dev", "more_zh_a"), ("more_zh_b", "more_en")), (("more_zh_b", "more_en"), ("dev", "more_zh_a")))
_RECIPE = Path(__file__).parents[1] / "recipes" / "personal" / "personal.toml"
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


def _score(
    items: list[dict[str, Any]], *, confusion: bool, model: Tagger | None = None, lean: float | None = None
) -> list[tuple[str, ...]]:
    model = model or tagger()
    gold: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    masked: Counter[tuple[str, str]] = Counter()
    said: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    alarms: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for item in items:
        text, language = item["text"], item["language"]
        spans = decide([plain(text)], model, lean)[0]
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


def _items(names: Iterable[str]) -> list[dict[str, Any]]:
    lines = [line for name in names for line in (_HERE / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines if line]


def _folds(recipe: Path, data: Path, leans: list[float], *, confusion: bool) -> None:
    """Two fits, each scored on the authors of the other."""
    from anxin.train.personal.pipeline import Kitchen, load_personal

    kitchen = Kitchen(load_personal(recipe), recipe.parent, data)
    for learned, unseen in _FOLDS:
        model = Tagger.read(kitchen.train(_items(learned)))
        for lean in leans:
            for name in unseen:
                sys.stdout.write(f"\nlearned from {' and '.join(learned)}, scored on {name}, lean {lean}\n\n")
                for row in _score(_items([name]), confusion=confusion, model=model, lean=lean):
                    if row[0] != "all":
                        sys.stdout.write("| " + " | ".join(row) + " |\n")
                sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("dev", "test"), default="dev")
    parser.add_argument("--confusion", action="store_true", help="print every miss and false span")
    parser.add_argument("--speed", type=Path, help="measure speed on the first 600 conversations of this file")
    parser.add_argument("--folds", action="store_true", help="learn from two authors, score on the others")
    parser.add_argument("--data", type=Path, help="the folder of public dialogue, for --folds")
    parser.add_argument("--recipe", type=Path, default=_RECIPE)
    parser.add_argument("--lean", type=float, nargs="+", default=[LEAN])
    asked = parser.parse_args()
    if asked.folds:
        if asked.data is None:
            parser.error("--folds needs --data, the folder of public dialogue")
        _folds(asked.recipe, asked.data, asked.lean, confusion=asked.confusion)
        return
    items = _items(_HALVES[asked.half])
    for row in _score(items, confusion=asked.confusion):
        sys.stdout.write("| " + " | ".join(row) + " |\n")
    sys.stdout.write(f"\n{_speed(_conversations(asked.speed, items)):.2f} MB/s on one core\n")


if __name__ == "__main__":
    main()
