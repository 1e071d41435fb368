"""Which of two replies is the better one: principles, judging, pairs, released sets in and out. Never trains."""

from anxin.prefer.asking import Asking, Limits
from anxin.prefer.candidate import Candidate, candidates_of, with_candidates
from anxin.prefer.figures import summary
from anxin.prefer.generate import Answering, Voice, voices
from anxin.prefer.pair import Pair, Side, pair_from, pair_record
from anxin.prefer.pairing import Pairing, pairs_of
from anxin.prefer.principles import Principle, Principles, principles, rubric
from anxin.prefer.rating import Rating, average, read_ratings
from anxin.prefer.recipe import Recipe, load
from anxin.prefer.score import Judge, Judging
from anxin.prefer.stages import pair_stage, reply_stage, score_stage
from anxin.prefer.statement import Statements
from anxin.prefer.table import Lines, read_pairs, write_pairs

__all__ = [
    "Answering",
    "Asking",
    "Candidate",
    "Judge",
    "Judging",
    "Limits",
    "Lines",
    "Pair",
    "Pairing",
    "Principle",
    "Principles",
    "Rating",
    "Recipe",
    "Side",
    "Statements",
    "Voice",
    "average",
    "candidates_of",
    "load",
    "pair_from",
    "pair_record",
    "pair_stage",
    "pairs_of",
    "principles",
    "read_pairs",
    "read_ratings",
    "reply_stage",
    "rubric",
    "score_stage",
    "summary",
    "voices",
    "with_candidates",
    "write_pairs",
]
