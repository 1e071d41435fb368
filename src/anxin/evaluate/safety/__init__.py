"""The safety layer measured on labelled text: the screen on sentences, the ledger on dialogues, the guard on replies.

    sets -> measure (sentences, robustness, dialogues, replies; figures) -> report, plots

No text is written anywhere; misses are named by id. What each number means: docs/evaluate.md.
"""

from anxin.evaluate.safety.aims import Aim
from anxin.evaluate.safety.measure import Measured, Report, measure
from anxin.evaluate.safety.plots import plots
from anxin.evaluate.safety.report import markdown, missed_texts, write
from anxin.evaluate.safety.robustness import RULES, altered
from anxin.evaluate.safety.sets import Conversation, Labelled, Reply, Sets, bundled, read

__all__ = [
    "RULES",
    "Aim",
    "Conversation",
    "Labelled",
    "Measured",
    "Reply",
    "Report",
    "Sets",
    "altered",
    "bundled",
    "markdown",
    "measure",
    "missed_texts",
    "plots",
    "read",
    "write",
]
