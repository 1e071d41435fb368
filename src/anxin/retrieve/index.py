"""Lexical search made for Chinese: BM25 over pairs of characters and over English words, nothing to download.

BM25 with Lucene's idf (Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, section 3.4). Chinese is cut
into overlapping pairs, which need no dictionary and find what words would (Nie et al. 2000, on n-grams against words);
a single character counts a little, so that 困 finds 犯困.
"""

from __future__ import annotations

import heapq
import math
import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from anxin.dialogue import Language
from anxin.retrieve.piece import Kind, Piece

__all__ = ["Index", "terms"]

_K1, _B = 1.2, 0.5  # pieces are of much the same length, so length says little
_WORDS, _TITLE, _BODY = 3.0, 2.0, 1.0  # what a client would say weighs more than what the piece says
_SINGLE = 0.3  # of a single character, against 1 for a pair
_QUERY = 48  # rarest terms of a query that are looked up
_VISITS = 3_000  # postings read in one search, rarest terms first: bounds its time at any size of library

_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[a-z0-9]+(?:['’][a-z]+)?")
_ENDING = re.compile(r"(?:'s|ing|ed|e?s|e)$")


def terms(text: str) -> Counter[str]:
    """The index terms of a text with their weights' counts: pairs and single characters of Chinese, English stems."""
    found: Counter[str] = Counter()
    for run in _RUN.findall(text.casefold().replace("’", "'")):
        if run[0] >= "\u3400":
            found.update(run)
            found.update(map("".join, pairwise(run)))
        else:
            found[_stem(run)] += 1
    return found


def _stem(word: str) -> str:
    """A word without its commonest endings where three letters are left, so that breathe and breathing meet."""
    if word.endswith("ies"):
        word = word[:-3] + "y"
    cut = _ENDING.sub("", word)
    return cut if len(cut) >= 3 else word


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The pieces of one kind and language, with the impact of every term on every piece that holds it."""

    pieces: tuple[Piece, ...]
    postings: dict[str, tuple[array[int], array[float]]]


class Index:
    """A searchable library. Immutable once made; making one of 10,000 pieces takes a few seconds."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        shelves: dict[tuple[Kind, Language], list[Piece]] = {}
        for piece in pieces:
            shelves.setdefault((piece.kind, piece.language), []).append(piece)
        self._shelves = {key: _shelf(tuple(held)) for key, held in shelves.items()}

    def pieces(self, kind: Kind, language: Language) -> Sequence[Piece]:
        """All pieces of one kind and language, in the library's order."""
        shelf = self._shelves.get((kind, language))
        return shelf.pieces if shelf is not None else ()

    def search(
        self, query: str, kind: Kind, language: Language, *, without: Collection[str] = (), most: int = 5
    ) -> list[tuple[Piece, float]]:
        """At most `most` pieces that share a term with the query, best first, with their BM25 scores.

        `without` are ids of pieces that are not to be found.
        """
        shelf = self._shelves.get((kind, language))
        if shelf is None:
            return []
        scores: dict[int, float] = {}
        visits = 0
        for places, impacts in self._rarest(shelf, query):
            visits += len(places)
            if scores and visits > _VISITS:
                break
            for place, impact in zip(places, impacts, strict=True):
                scores[place] = scores.get(place, 0.0) + impact
        best = heapq.nlargest(most + len(without), scores.items(), key=itemgetter(1))
        found = [(shelf.pieces[place], score) for place, score in best]
        return [(piece, score) for piece, score in found if piece.id not in without][:most]

    @staticmethod
    def _rarest(shelf: _Shelf, query: str) -> list[tuple[array[int], array[float]]]:
        lists = [shelf.postings[term] for term in terms(query) if term in shelf.postings]
        lists.sort(key=lambda posting: len(posting[0]))
        # A term that most pieces hold tells none of them apart; where it is all there is, it has to do.
        telling = [posting for posting in lists if len(posting[0]) * 2 <= len(shelf.pieces)]
        return (telling or lists)[:_QUERY]


def _shelf(pieces: tuple[Piece, ...]) -> _Shelf:
    held: list[dict[str, float]] = []
    for piece in pieces:
        weights: dict[str, float] = {}
        for text, weight in ((" ".join(piece.words), _WORDS), (piece.title, _TITLE), (" ".join(piece.body), _BODY)):
            for term, count in terms(text).items():
                single = len(term) == 1 and term >= "\u3400"
                weights[term] = weights.get(term, 0.0) + count * weight * (_SINGLE if single else 1.0)
        held.append(weights)
    lengths = [sum(weights.values()) for weights in held]
    usual = sum(lengths) / len(lengths)
    frequency = Counter(term for weights in held for term in weights)
    postings: dict[str, tuple[array[int], array[float]]] = {term: (array("i"), array("d")) for term in frequency}
    for place, weights in enumerate(held):
        norm = _K1 * (1 - _B + _B * lengths[place] / usual)
        for term, weight in weights.items():
            idf = math.log(1 + (len(pieces) - frequency[term] + 0.5) / (frequency[term] + 0.5))
            places, impacts = postings[term]
            places.append(place)
            impacts.append(idf * weight * (_K1 + 1) / (weight + norm))
    return _Shelf(pieces, postings)
