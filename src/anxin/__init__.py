"""Anxin (安心): a small, safe counselling companion that runs on your own machine."""

__version__ = "0.1.0"
