"""What the tests of this room build with: statements, scored replies, judges that follow a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from anxin.corpus import Sample, to_record
from anxin.dialogue import Dialogue, Message
from anxin.model import EchoModel
from anxin.prefer import Candidate, Rating, with_candidates
from anxin.prefer.candidate import reply_id
from anxin.prefer.principles import principle_keys

KEYS = ("empathy", "relevance", "clarity", "safety", "exploration", "autonomy", "staging")


def says(text: str, id: str = "s1", **known: Any) -> Sample:
    """A statement of one message."""
    return Sample(id, Dialogue(id=id).says("client", text), metadata=known)


def scores(value: float, **other: float) -> dict[str, float]:
    """The same score for every principle but those named."""
    return {key: other.get(key, value) for key in KEYS}


def reply(text: str, item: str = "s1", **raters: float | Mapping[str, float]) -> Candidate:
    """A candidate scored by these raters; a number stands for the same score on every principle."""
    id = reply_id(item, text)
    ratings = tuple(
        Rating(item, id, rater, scores(given) if isinstance(given, (int, float)) else given)
        for rater, given in raters.items()
    )
    return Candidate(id, "echo", 0.7, 1, text, ratings=ratings)


def scored_sample(*replies: Candidate, id: str = "s1", text: str = "I feel stuck at work.") -> Sample:
    return with_candidates(says(text, id), replies)


def judging(say: Callable[[str], str], name: str = "judge") -> EchoModel:
    """A judge whose answer is a function of what it is shown."""

    def script(messages: tuple[Message, ...]) -> str:
        return say(messages[-1].text)

    return EchoModel(script, name=name, context=32_000)


def verdict(value: int, **other: Any) -> str:
    """A judge's answer in the shape that is asked for."""
    body: dict[str, Any] = {"note": "seen"} | {key: value for key in principle_keys()} | other
    return json.dumps(body)


def write(path: Path, *samples: Sample) -> Path:
    path.write_text("".join(json.dumps(to_record(sample), ensure_ascii=False) + "\n" for sample in samples), "utf-8")
    return path
