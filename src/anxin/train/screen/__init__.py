"""The learned screen's training: labelled sentences to the small linear model of `anxin.safety.learned`."""

from anxin.train.screen.examples import Example, read_examples
from anxin.train.screen.pipeline import train_screen
from anxin.train.screen.recipe import ScreenRecipe, load_screen

__all__ = ["Example", "ScreenRecipe", "load_screen", "read_examples", "train_screen"]
