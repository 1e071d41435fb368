"""Search by meaning on top of search by words: an embedding model chooses among what the words have found.

Off unless the operator names a model. It can only change the order, never what the gate allows; whatever goes wrong or
takes too long leaves the order of the words.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence

from anxin.model.embedding import Embedder
from anxin.retrieve.piece import Piece

__all__ = ["Nearest"]

_SECONDS = 1.0  # the client already reads the reply meanwhile

logger = logging.getLogger("anxin.retrieve")


class Nearest:
    """Chooses with an embedder. Keeps the vectors of pieces, which are the same for everybody, and nothing else."""

    def __init__(self, embedder: Embedder, *, seconds: float = _SECONDS) -> None:
        self._embedder = embedder
        self._seconds = seconds
        self._known: dict[str, tuple[float, ...]] = {}

    async def choose(self, query: str, pieces: Sequence[Piece]) -> Piece:
        """The piece nearest in meaning to the query; the first one when that cannot be told in time. Never raises."""
        if len(pieces) < 2:
            return pieces[0]
        try:
            async with asyncio.timeout(self._seconds):
                return await self._nearest(query, pieces)
        except Exception as fault:  # the words have found something already
            logger.warning("no embeddings (%s); search by words alone", type(fault).__name__)
            return pieces[0]

    async def _nearest(self, query: str, pieces: Sequence[Piece]) -> Piece:
        new = [piece for piece in pieces if piece.id not in self._known]
        asked, *vectors = await self._embedder.embed([query, *map(_text, new)])
        self._known |= {piece.id: vector for piece, vector in zip(new, vectors, strict=True)}
        return max(pieces, key=lambda piece: _cosine(asked, self._known[piece.id]))


def _text(piece: Piece) -> str:
    return " ".join((piece.title, *piece.words, *piece.body))[:300]  # characters; most models read 512 tokens


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0
