"""A data card: what a training set holds, where it came from, what was left out, for people to read."""

from anxin.corpus.card.measure import Facts, Lengths, measure, topics_of
from anxin.corpus.card.write import Card, card

__all__ = ["Card", "Facts", "Lengths", "card", "measure", "topics_of"]
