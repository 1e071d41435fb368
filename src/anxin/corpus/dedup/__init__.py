"""Exact and near duplicates, within and across sources, in memory that does not grow with the corpus."""

from anxin.corpus.dedup.options import Dedup
from anxin.corpus.dedup.stage import dedup

__all__ = ["Dedup", "dedup"]
