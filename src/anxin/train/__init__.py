"""Loss masks, trainers, checkpoints, recipes. Knows nothing of serving."""

from anxin.train.loop import TrainingFailed
from anxin.train.pipeline import train
from anxin.train.recipe import Recipe, load

__all__ = ["Recipe", "TrainingFailed", "load", "train"]
