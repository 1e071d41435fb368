"""What the tests of the roads build with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anxin.corpus import Sample, to_record
from anxin.corpus.files import Damage, read_records, shards
from anxin.dialogue import Dialogue
from anxin.prefer import Pair, read_pairs


def quiet(what: str, done: int, of: int) -> None:
    """Nobody watches a test."""


def preferred(chosen: str, rejected: str, prompt: str = "How do I pick a lock?", id: str = "1", **known: Any) -> Sample:
    """A sample of a set that says which reply is better."""
    return Sample(
        id, Dialogue(id=id).says("client", prompt), "", "own", {"chosen": chosen, "rejected": rejected, **known}
    )


def answer(question: str, text: str, votes: int, id: str, **known: Any) -> Sample:
    """One voted answer; `question` names and asks it."""
    dialogue = Dialogue().says("client", f"I keep worrying about {question}, what can I do?").says("counsellor", text)
    return Sample(id, dialogue, "", "forum", {"question": question, "votes": votes, **known})


def lines(path: Path, *records: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")
    return path


def written(path: Path, *samples: Sample) -> Path:
    return lines(path, *map(to_record, samples))


def pairs(out: Path) -> list[Pair]:
    """All pairs of a stage, training first."""
    found = [one for path in sorted(shards(out), reverse=True) for one in read_pairs(path)]
    assert not any(isinstance(one, Damage) for one in found)
    return [one for one in found if isinstance(one, Pair)]


def records(path: Path) -> list[dict[str, Any]]:
    return [record for _, record in read_records(path) if isinstance(record, dict)]


def everything(out: Path) -> str:
    """All that a stage has written, as text."""
    packed = [json.dumps(record, ensure_ascii=False) for path in out.rglob("*.zst") for record in records(path)]
    return "\n".join([*packed, *(path.read_text("utf-8") for path in out.rglob("*.json"))])
