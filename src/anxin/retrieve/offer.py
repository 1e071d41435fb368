"""What is offered, once the gate has said that something may be."""

from __future__ import annotations

import logging
import zlib
from functools import cache

from anxin.dialogue import Dialogue, Language
from anxin.retrieve.folded import shown
from anxin.retrieve.gate import Wish, whether
from anxin.retrieve.index import Index
from anxin.retrieve.library import library
from anxin.retrieve.piece import Piece
from anxin.retrieve.signs import fold_text, holds
from anxin.safety import Ledger

__all__ = ["candidates", "offer", "offers", "packaged"]

_LOOKED_AT = 20  # best matches among which the first that qualifies is taken

logger = logging.getLogger("anxin.retrieve")


def offer(
    dialogue: Dialogue,
    ledger: Ledger,
    language: Language,
    *,
    humour: bool = True,
    acting: bool = False,
    index: Index | None = None,
) -> Piece | None:
    """The piece to show after this turn's reply, or None: the first of `offers`."""
    found = offers(dialogue, ledger, language, humour=humour, acting=acting, index=index)
    return found[0] if found else None


def offers(
    dialogue: Dialogue,
    ledger: Ledger,
    language: Language,
    *,
    humour: bool = True,
    acting: bool = False,
    index: Index | None = None,
) -> list[Piece]:
    """What may be shown after this turn's reply, best first and all of one kind. Total: whatever breaks offers nothing.

    A function of its inputs: `dialogue` ends with the client's message, `ledger` holds it already, and what has been
    shown before is read from the dialogue. `humour` is the client's setting, `acting` whether it is time for a step.
    """
    try:
        wish = whether(dialogue, ledger, language, shown(dialogue), humour=humour, acting=acting)
        return candidates(wish, index or packaged()) if wish is not None else []
    except Exception as fault:  # the room's outer door: nothing to offer is always safe
        logger.error("nothing could be offered: %s", type(fault).__name__)
        return []


def candidates(wish: Wish, index: Index) -> list[Piece]:
    """The pieces that meet the wish, best first by words shared with it.

    Where it names a topic or asks for something funny, sharing no word is no obstacle: any such piece meets it. Which
    one then comes first follows from the client's own words, so that a turn answered again is answered alike.
    """
    matches = index.search(wish.query, wish.kind, wish.language, without=wish.without, most=_LOOKED_AT)
    best = [piece for piece, _ in matches]
    if wish.fitting:
        return [piece for piece in best if _fits(piece, wish.query)]
    best = [piece for piece in best if _about(piece, wish)]
    if best:
        return best
    rest = [
        piece
        for piece in index.pieces(wish.kind, wish.language)
        if piece.id not in wish.without and _about(piece, wish)
    ]
    start = zlib.crc32(wish.query.encode("utf-8", "replace")) % max(1, len(rest))
    return (rest[start:] + rest[:start])[:_LOOKED_AT]


@cache
def packaged() -> Index:
    """The index of the packaged pieces, made once."""
    return Index(library())


def _fits(piece: Piece, query: str) -> bool:
    return holds(query, tuple(map(fold_text, piece.words)))


def _about(piece: Piece, wish: Wish) -> bool:
    return wish.topic is None or wish.topic in piece.topics
