"""A small stage, and decisions about it."""

from __future__ import annotations

from pathlib import Path

from anxin.corpus.files import Shard
from anxin.corpus.review import Decision
from anxin.corpus.review.decision import Choice, key_of
from anxin.corpus.review.journal import Journal
from anxin.corpus.sample import Aside, Drop, Sample
from anxin.dialogue import Dialogue

__all__ = ["decide", "sample", "stage"]


def sample(id: str, source: str = "books", said: str = "我睡不着", reply: str = "躺下以后，脑子里在转什么？") -> Sample:
    return Sample(id, Dialogue(id=id).says("client", f"{said}，{id}").says("counsellor", reply), "", source)


def stage(folder: Path, kept: int = 30, dropped: int = 12, left_out: str = "d") -> Path:
    """`kept` samples of two sources (one in five of the rare one), two drop reasons, three samples set aside."""
    with Shard(folder, "a") as shard:
        for number in range(kept):
            shard.put(sample(f"k{number}", "rare" if number % 5 == 0 else "books"))
        for number in range(dropped):
            reason = "advert" if number % 4 == 0 else "too_short"
            shard.put(sample(f"{left_out}{number}"), Drop(reason, f"rule {number}"))
        for number in range(3):
            shard.put(one := sample(f"c{number}"), Aside("crisis", one))
    return folder


def decide(
    file: Path,
    reviewer: str,
    what: Sample,
    choice: Choice,
    *,
    why: str = "",
    note: str = "",
    fixed: Sample | None = None,
    where: str = "kept",
) -> None:
    """Add a decision to the file, as the page does."""
    decision = Decision(key_of(what), reviewer, choice, what.source, what.id, where, why, note, fixed)
    Journal(file).put(decision.to_record())
