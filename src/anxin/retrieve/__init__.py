"""Conditional retrieval: whether before what. Nothing is searched unless the conversation allows it."""

from anxin.retrieve.folded import Shown, folded, heading, shown, unfolded
from anxin.retrieve.gate import Wish
from anxin.retrieve.index import Index
from anxin.retrieve.library import find, library
from anxin.retrieve.nearest import Nearest
from anxin.retrieve.offer import candidates, offer, offers, packaged
from anxin.retrieve.piece import Kind, Piece, voice

__all__ = [
    "Index",
    "Kind",
    "Nearest",
    "Piece",
    "Shown",
    "Wish",
    "candidates",
    "find",
    "folded",
    "heading",
    "library",
    "offer",
    "offers",
    "packaged",
    "shown",
    "unfolded",
    "voice",
]
