"""Conditional retrieval: whether before what. Nothing is searched unless the conversation allows it."""

from anxin.retrieve.library import library
from anxin.retrieve.piece import Kind, Piece, voice

__all__ = ["Kind", "Piece", "library", "voice"]
