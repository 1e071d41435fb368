"""Fitting the tagger of personal data (`anxin.corpus.personal.tagger`)."""

from anxin.train.personal.pipeline import load_personal, train_personal
from anxin.train.personal.recipe import PersonalRecipe

__all__ = ["PersonalRecipe", "load_personal", "train_personal"]
