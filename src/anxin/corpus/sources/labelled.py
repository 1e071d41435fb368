"""Texts with labels, for evaluation and simulation: DialogueSafety, PsySUICIDE, GoEmotions, SafeDialBench, client
posts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anxin.corpus.files import Damage
from anxin.corpus.sample import Sample
from anxin.corpus.sources.raw import Unreadable, each, elements, lines, records, words
from anxin.dialogue import Dialogue

__all__ = ["dialogue_safety", "goemotions", "posts", "psysuicide", "safedialbench"]

_SAFETY = (
    "nonsense",
    "humanoid_mimicry",
    "linguistic_neglect",
    "unamiable_judgment",
    "toxic_language",
    "unauthorized_preachment",
    "nonfactual_statement",
    "safe",
)
_EMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief",
    "joy", "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness",
    "surprise", "neutral",
)  # fmt: skip
_MARK = re.compile(r"\[(seeker|supporter)\]")


def dialogue_safety(path: Path) -> Iterator[Sample | Damage]:
    """DialogueSafety (Qiu et al. 2023, arXiv 2307.16457): a JSON list of `{"context", "response", "label": 0-7}`,
    speakers marked `[seeker]` and `[supporter]`. The reply ends the dialogue; metadata: `label` by name. Test only.

    Defects: few examples of the rarer labels (2 of nonfactual, 2 of toxic).
    """
    yield from each(path, elements(path), _judged)


def _judged(number: int, record: Any) -> Sample:
    parts = _MARK.split(words(record, "context") + words(record, "response"))
    label = record.get("label")
    if parts[0].strip() or label not in range(len(_SAFETY)):
        raise Unreadable("missing_field", "no speaker or no label")
    dialogue = Dialogue()
    for speaker, said in zip(parts[1::2], parts[2::2], strict=True):
        dialogue = dialogue.says("client" if speaker == "seeker" else "counsellor", said.strip())
    return Sample(str(record.get("id", number)), dialogue, metadata={"label": _SAFETY[label]})


def psysuicide(path: Path) -> Iterator[Sample | Damage]:
    """PsySUICIDE (Qiu, Ma & Lan 2024): a JSON list of `{"idx", "text", "labels": [...], "data_source"}`; what each
    label means is in `corpus.PSYSUICIDE`. Defect: some sentences have several labels that contradict each other.
    """
    yield from each(path, elements(path), _sentence)


def _sentence(number: int, record: Any) -> Sample:
    dialogue = Dialogue().says("client", words(record, "text"))
    metadata = {"labels": record.get("labels", []), "from": record.get("data_source", "")}
    return Sample(str(record.get("idx", number)), dialogue, metadata=metadata)


def goemotions(path: Path) -> Iterator[Sample | Damage]:
    """GoEmotions: `text`, label numbers with commas, id, a line with tabs between; or Parquet with these columns.

    Metadata: `emotions` by name. Defects: forum comments out of their context; names masked as [NAME].
    """
    found: Iterator[tuple[int, Any]] = records(path) if path.suffix == ".parquet" else lines(path)
    yield from each(path, found, _comment)


def _comment(number: int, found: Any) -> Sample:
    if isinstance(found, str):
        text, _, rest = found.rstrip("\r\n").partition("\t")
        labels, _, id = rest.partition("\t")
        found = {"text": text, "labels": labels.split(","), "id": id}
    try:
        emotions = [_EMOTIONS[int(label)] for label in found.get("labels", ())]
    except (ValueError, IndexError, TypeError):
        raise Unreadable("missing_field", "its labels are not numbers from 0 to 27") from None
    dialogue = Dialogue().says("client", words(found, "text"))
    return Sample(str(found.get("id") or number), dialogue, metadata={"emotions": emotions})


def safedialbench(path: Path) -> Iterator[Sample | Damage]:
    """SafeDialBench: `{"id", "task", "method", "scene", "model_type", "history": [{"user", "bot"}]}` a line."""
    yield from each(path, records(path), _attacked)


def _attacked(number: int, record: Any) -> Sample:
    dialogue, history = Dialogue(), record.get("history")
    for turn in history if isinstance(history, list) else ():
        dialogue = dialogue.says("client", words(turn, "user")).says("counsellor", words(turn, "bot", blank=True))
    if not dialogue:
        raise Unreadable("missing_field", "no history")
    kept = ("task", "method", "scene", "model_type")
    task = record.get("task", "")
    metadata = {key: record[key] for key in kept if record.get(key)}
    return Sample(f"{task}-{record.get('id', number)}".strip("-"), dialogue, metadata=metadata)


def posts(path: Path) -> Iterator[Sample | Damage]:
    """Client posts of interactive-agents: a JSON list of texts, a title and what follows it. Each is a client's first
    message with no answer, for simulated clients and for generating replies.
    """
    yield from each(path, elements(path), lambda number, text: _post(f"{path.stem}-{number}", text))


def _post(id: str, text: Any) -> Sample:
    return Sample(id, Dialogue().says("client", words({"post": text}, "post")))
