"""A reply that may become one side of a pair, and how it is kept beside what the client said.

A statement with its candidates is a corpus sample: the dialogue ends with the client's words, and `candidates` in its
metadata holds the replies. So every stage reads and writes the corpus' own files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from anxin.corpus.sample import Sample
from anxin.errors import DataError
from anxin.prefer.rating import Rating, average, checked

__all__ = ["Candidate", "Unscored", "candidates_of", "item_of", "reply_id", "with_candidates"]


@dataclass(frozen=True, slots=True)
class Unscored:
    """A rater who gave no usable scores, and why. Never read as a number."""

    rater: str
    why: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reply. `unsafe` names the guard's rule where it tripped; `cut` is a reply that ran into the limit of tokens.

    Either may only ever be the rejected side (`barred`).
    """

    id: str
    model: str
    temperature: float
    seed: int
    text: str
    unsafe: str = ""
    cut: bool = False
    ratings: tuple[Rating, ...] = ()
    unscored: tuple[Unscored, ...] = ()

    @property
    def barred(self) -> str:
        """Why it may not be chosen; empty where it may."""
        return f"unsafe:{self.unsafe}" if self.unsafe else "cut" if self.cut else ""

    def rated(self, ratings: Sequence[Rating], unscored: Sequence[Unscored] = ()) -> Candidate:
        """With more ratings. A rater's newer rating, or newer failure, takes the place of what they gave before."""
        newer = {rating.rater for rating in ratings} | {failed.rater for failed in unscored}
        kept = tuple(rating for rating in self.ratings if rating.rater not in newer)
        still = tuple(failed for failed in self.unscored if failed.rater not in newer)
        last = {rating.rater: rating for rating in ratings}  # who rates twice has changed their mind
        return replace(self, ratings=(*kept, *last.values()), unscored=(*still, *unscored))

    def to_record(self) -> dict[str, Any]:
        """As it stands among a sample's metadata."""
        record: dict[str, Any] = {"id": self.id, "model": self.model, "temperature": self.temperature}
        record |= {"seed": self.seed, "text": self.text}
        if self.unsafe:
            record["unsafe"] = self.unsafe
        if self.cut:
            record["cut"] = True
        if self.ratings:
            record |= average(self.ratings).to_record()
            record["ratings"] = [
                {key: value for key, value in rating.to_record().items() if key not in ("item", "reply")}
                for rating in self.ratings
            ]
        if self.unscored:
            record["unscored"] = [{"rater": failed.rater, "why": failed.why} for failed in self.unscored]
        return record


def item_of(sample: Sample) -> str:
    """The name of a statement across sources, as ratings use it."""
    return f"{sample.source}/{sample.id}" if sample.source else sample.id


def reply_id(item: str, text: str) -> str:
    """The id of a reply to `item`: its words decide it, so that equal words are one reply and raters see no model."""
    return hashlib.sha256(f"{item}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def candidates_of(sample: Sample) -> tuple[Candidate, ...]:
    """The replies kept with a statement. Raises `DataError` where one cannot be read."""
    raw = sample.metadata.get("candidates", [])
    if not isinstance(raw, list):
        raise DataError("candidates is not a list")
    return tuple(_candidate(item_of(sample), body) for body in raw)


def with_candidates(sample: Sample, candidates: Sequence[Candidate]) -> Sample:
    """The statement with these replies."""
    return sample.noting(candidates=[candidate.to_record() for candidate in candidates])


def _candidate(item: str, body: Any) -> Candidate:
    if not isinstance(body, Mapping) or not isinstance(body.get("text"), str):
        raise DataError("a candidate has no text")
    id = str(body.get("id") or reply_id(item, body["text"]))
    try:
        given = [
            Rating(item, id, str(raw["rater"]), checked(raw["scores"]), str(raw.get("note", "")), raw.get("moved", 0.0))
            for raw in body.get("ratings", [])
        ]
        unscored = tuple(Unscored(str(raw["rater"]), str(raw["why"])) for raw in body.get("unscored", []))
        temperature, seed = float(body.get("temperature", 0.0)), int(body.get("seed", 0))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"a candidate cannot be read: {error!r}") from None
    return Candidate(
        id,
        str(body.get("model", "")),
        temperature,
        seed,
        body["text"],
        str(body.get("unsafe", "")),
        body.get("cut") is True,
        tuple({rating.rater: rating for rating in given}.values()),
        unscored,
    )
