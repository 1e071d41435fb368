"""People score replies: one at a time, without a model's name, on the seven principles; and how far they agree."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from anxin.corpus.files import Damage, read_samples, shards
from anxin.corpus.review.journal import Journal
from anxin.corpus.review.reviewing import own_order
from anxin.corpus.sample import Sample
from anxin.corpus.select import place
from anxin.errors import DataError
from anxin.prefer.agreement import Agreement
from anxin.prefer.candidate import Candidate, candidates_of, item_of
from anxin.prefer.principles import Said, principles
from anxin.prefer.rating import Rating, checked, read_ratings

__all__ = ["Scoring", "people_agree"]

_NOTE: Final = 4000  # characters
_SALT: Final = "rate"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A reply as a rater sees it, and the names under which its rating is kept."""

    item: str
    reply: str
    text: str
    messages: tuple[Mapping[str, str], ...]


class Scoring:
    """What the desk shows and writes down while people rate. See `anxin.corpus.review.desk.Work`.

    `candidates` is the folder or file of statements with their replies, `out` the file of ratings: one line for each
    rater and reply, as `anxin.prefer.rating` reads them. Of `statements` chosen by hash, the same for every rater, all
    replies are rated; 0 for all of them. `damage` says what could not be read. Raises `DataError` where there is
    nothing to rate.
    """

    def __init__(self, candidates: Path, out: Path, statements: int = 0) -> None:
        self.damage: list[str] = []
        self._shown: dict[str, _Shown] = {}
        for sample in self._chosen(candidates, statements):
            try:
                self._shown.update((_key(shown.item, shown.reply), shown) for shown in _replies(sample))
            except DataError as error:
                self.damage.append(f"{item_of(sample)}: {error}")
        if not self._shown:
            why = self.damage[0] if self.damage else "anxin prefer generate makes them"
            raise DataError(f"{candidates} holds no replies to rate; {why}")
        self._journal = Journal(out)

    @property
    def script(self) -> str:
        """The page's own part."""
        return files("anxin.prefer").joinpath("page", "rate.js").read_text("utf-8")

    def __len__(self) -> int:
        return len(self._shown)

    def begin(self, person: str) -> dict[str, Any]:
        """The replies in this rater's order, their own ratings, and the principles in both languages."""
        own = {
            key: {"scores": dict(rating.scores), "note": rating.note}
            for rating in _ratings(self._journal.path)
            if rating.rater == person and (key := _key(rating.item, rating.reply)) in self._shown
        }
        return {
            "items": sorted(self._shown, key=lambda key: own_order(person, key)),
            "answers": own,
            "principles": [
                {"key": principle.key, "zh": _said(principle.zh), "en": _said(principle.en)}
                for principle in principles().principle
            ],
            "not_scored": {"zh": list(principles().not_scored.zh), "en": list(principles().not_scored.en)},
        }

    def show(self, key: str) -> dict[str, Any]:
        """What the client said and one reply; nothing of who wrote it. Raises `KeyError` for another key."""
        shown = self._shown[key]
        return {"item": key, "messages": list(shown.messages), "reply": shown.text}

    def answer(self, person: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Write a rating down in the place of this rater's earlier one. Raises `DataError` for what is none."""
        shown = self._shown[key]
        scores, note = checked(body.get("scores")), body.get("note", "")
        if any(score != int(score) for score in scores.values()):
            raise DataError("a person's score is a whole number")
        if not isinstance(note, str) or len(note) > _NOTE:
            raise DataError(f"a note has at most {_NOTE} characters")
        rating = Rating(shown.item, shown.reply, person, scores, note.strip())
        mine = {"item": shown.item, "reply": shown.reply, "rater": person}
        self._journal.put_instead(rating.to_record(), lambda known: mine.items() <= known.items())
        return {"scores": dict(scores), "note": rating.note}

    def _chosen(self, candidates: Path, statements: int) -> list[Sample]:
        def read() -> Iterator[Sample]:
            for path in shards(candidates):
                for sample in read_samples(path):
                    if isinstance(sample, Damage):
                        self.damage.append(sample.where)
                    elif "candidates" in sample.metadata:
                        yield sample

        if not statements:
            return list(read())
        return nsmallest(statements, read(), key=lambda sample: place(sample, _SALT))


def people_agree(ratings: Sequence[Path]) -> dict[str, Any]:
    """How far the raters of these files agree on replies that several of them scored: by principle Krippendorff's
    alpha for interval data, equal scores and scores within one point; and how many each rated.

    Of a rater's scores of one reply the last count. Raises `DataError` where there are no ratings.
    """
    by_reply: dict[tuple[str, str], dict[str, Rating]] = defaultdict(dict)
    for path in ratings:
        for rating in _ratings(path):
            by_reply[rating.item, rating.reply][rating.rater] = rating
    if not by_reply:
        raise DataError(f"{', '.join(str(path) for path in ratings)}: no ratings yet; anxin prefer rate makes them")
    agreement = Agreement()
    for (_, reply), by_rater in by_reply.items():
        agreement.add(Candidate(reply, "", 0.0, 0, "", ratings=tuple(by_rater.values())))
    found = agreement.to_json()
    return {
        "replies": len(by_reply),
        "raters": {
            rater: {key: value for key, value in known.items() if key != "moved_by_order"}
            for rater, known in found["raters"].items()
        },
        "principles": found["principles"],
    }


def _ratings(path: Path) -> list[Rating]:
    if not path.exists():
        return []
    return [rating for rating in read_ratings([path]) if isinstance(rating, Rating)]


def _key(item: str, reply: str) -> str:
    """The name of a reply on the page: a set's own ids may tell which model wrote it."""
    return hashlib.sha256(f"{item}\0{reply}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _replies(sample: Sample) -> list[_Shown]:
    messages = tuple(
        {"role": message.role, "text": message.text, "thought": ""}
        for message in sample.dialogue
        if message.role != "system"
    )
    item = item_of(sample)
    return [_Shown(item, candidate.id, candidate.text, messages) for candidate in candidates_of(sample)]


def _said(said: Said) -> dict[str, Any]:
    return {"title": said.title, "about": said.about, "anchors": list(said.anchors)}
