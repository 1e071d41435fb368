"""Thoughts for counsellors' replies that have none, asked of a teacher, each checked before it may stand."""

from anxin.corpus.think.checks import CHECKS, Bounds, Thinking, bounds, fault
from anxin.corpus.think.folder import Thought, deidentified, think_folder, thoughts
from anxin.corpus.think.stage import REPORT, Asking, Think, table, think

__all__ = [
    "CHECKS",
    "REPORT",
    "Asking",
    "Bounds",
    "Think",
    "Thinking",
    "Thought",
    "bounds",
    "deidentified",
    "fault",
    "table",
    "think",
    "think_folder",
    "thoughts",
]
