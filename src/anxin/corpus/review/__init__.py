"""People look at a sample: what is drawn, what they decide, how far they agree, and a step that does as they said.

The page they do it on is `desk.py` with `reviewing.py`; neither is imported here, so that the step needs no server.
"""

from anxin.corpus.review.agreement import agreement
from anxin.corpus.review.decision import Decision, read_decisions, standing
from anxin.corpus.review.draw import Drawn, Item, draw, drawn
from anxin.corpus.review.reviewed import Reviewed
from anxin.corpus.review.verdict import Verdict, verdict

__all__ = [
    "Decision",
    "Drawn",
    "Item",
    "Reviewed",
    "Verdict",
    "agreement",
    "draw",
    "drawn",
    "read_decisions",
    "standing",
    "verdict",
]
