"""How well the authored English signs of a light mood agree with people's labels: `python bench/mood.py FOLDER PART`.

FOLDER holds GoEmotions' `<part>.tsv` (Demszky et al. 2020; text, label numbers, id). Nothing of a text is printed. Of
the comments the gate would call light (a light sign, no heavy one): the share labelled with a positive emotion, with
negative ones only, and neutral; and of all labelled amusement, joy, excitement or relief, the share it calls light.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from anxin.retrieve.signs import fold_text, mood

_LABELS = [
    "admiration",
    "amusement",
    "anger",
    "annoyance",
    "approval",
    "caring",
    "confusion",
    "curiosity",
    "desire",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "excitement",
    "fear",
    "gratitude",
    "grief",
    "joy",
    "love",
    "nervousness",
    "optimism",
    "pride",
    "realization",
    "relief",
    "remorse",
    "sadness",
    "surprise",
    "neutral",
]
_POSITIVE = set(
    [
        "admiration",
        "amusement",
        "approval",
        "caring",
        "desire",
        "excitement",
        "gratitude",
        "joy",
        "love",
        "optimism",
        "pride",
        "relief",
    ]
)
_NEGATIVE = set(
    [
        "anger",
        "annoyance",
        "disappointment",
        "disapproval",
        "disgust",
        "embarrassment",
        "fear",
        "grief",
        "nervousness",
        "remorse",
        "sadness",
    ]
)
_BRIGHT = {"amusement", "joy", "excitement", "relief"}


def main(folder: Path, part: str) -> None:
    light = positive = negative = bright = found = 0
    with (folder / f"{part}.tsv").open(encoding="utf-8") as file:
        for text, numbers, _ in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            labels = {_LABELS[int(number)] for number in numbers.split(",")}
            heard = mood(fold_text(text), "en")
            is_light = heard.light > 0 and heard.heavy == 0
            bright += bool(labels & _BRIGHT)
            found += is_light and bool(labels & _BRIGHT)
            light += is_light
            positive += is_light and bool(labels & _POSITIVE)
            negative += is_light and bool(labels & _NEGATIVE) and not labels & _POSITIVE
    row = {
        "bench": "mood",
        "part": part,
        "light": light,
        "positive": round(positive / light, 3),
        "negative_only": round(negative / light, 3),
        "neutral": round((light - positive - negative) / light, 3),
        "recall_of_bright": round(found / bright, 3),
    }
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
