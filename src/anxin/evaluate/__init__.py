"""Instruments and statistics for models and whole turns. Never imports serve."""

from anxin.evaluate.intrinsic import Intrinsic, perplexity
from anxin.evaluate.metrics import distinct, looping

__all__ = ["Intrinsic", "distinct", "looping", "perplexity"]
