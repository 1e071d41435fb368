"""Personal data in counselling text, Chinese and English: found, and replaced the same way all through a dialogue."""

from anxin.corpus.personal.finding import find
from anxin.corpus.personal.span import Span
from anxin.corpus.personal.step import Personal

__all__ = ["Personal", "Span", "find"]
