"""Other roads to pairs than scores: safety labels, votes, corrupted replies, and what the service's people gave.

Every road is one sample in, its pairs out; `stage` makes of it a folder, `keep` is what all pairs must be.
"""

from anxin.prefer.roads.corrections import Corrections, corrections_stage
from anxin.prefer.roads.corrupt import Corrupt, corrupt_stage
from anxin.prefer.roads.failures import KINDS
from anxin.prefer.roads.keep import Keep
from anxin.prefer.roads.ratings import Ratings, ratings_stage
from anxin.prefer.roads.safety import Safety, safety_stage
from anxin.prefer.roads.separable import separable
from anxin.prefer.roads.service import AXES, Consent, Corrected, Rated, corrected, rated
from anxin.prefer.roads.stage import Made, Road, Sorting
from anxin.prefer.roads.votes import Votes, votes_stage

__all__ = [
    "AXES",
    "KINDS",
    "Consent",
    "Corrected",
    "Corrections",
    "Corrupt",
    "Keep",
    "Made",
    "Rated",
    "Ratings",
    "Road",
    "Safety",
    "Sorting",
    "Votes",
    "corrected",
    "corrections_stage",
    "corrupt_stage",
    "rated",
    "ratings_stage",
    "safety_stage",
    "separable",
    "votes_stage",
]
