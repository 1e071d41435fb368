"""A preference recipe from statements to pairs: three stages in three folders, each skipped where it is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from anxin.corpus.stage import Report
from anxin.model import Model
from anxin.model.many import Cache
from anxin.prefer.asking import Asking
from anxin.prefer.generate import voices
from anxin.prefer.recipe import Recipe
from anxin.prefer.score import Judge
from anxin.prefer.stages import pair_stage, reply_stage, score_stage

__all__ = ["CANDIDATES", "PAIRS", "SCORED", "run"]

CANDIDATES, SCORED, PAIRS = "candidates", "scored", "pairs"
"""The stages' folders in a run's folder."""

Open = Callable[[Sequence[str], int], Sequence[Model]]
"""Models of these names, with a window of so many tokens (0: the operator's setting)."""


def run(
    recipe: Recipe, data: Path, out: Path, opened: Open, report: Report, again: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Do every stage of `recipe` in `out`; each stage's name and manifest as it ends.

    `data` holds the statements and people's ratings; `opened` makes models of names. `again` does
    complete stages with failures once more.
    """
    taken, asked, given = recipe.statements, recipe.generate, recipe.score
    # Every name is opened before anyone is asked: a judge that cannot be had is no reason to lose the replies' price.
    repliers = opened(asked.models, asked.context)
    judges = [Judge(model, given.judging) for model in opened(given.judges, given.context)]
    with Cache(out / "answers.sqlite") as cache:
        yield (
            CANDIDATES,
            reply_stage(
                [data / path for path in taken.paths],
                out / CANDIDATES,
                voices(repliers, asked.temperatures, asked.samples, asked.seed),
                statements=taken.taken,
                answering=asked.answering,
                limit=taken.limit,
                asking=Asking(asked.limits, cache),
                report=report,
                again=again,
            ),
        )
        yield (
            SCORED,
            score_stage(
                [out / CANDIDATES],
                out / SCORED,
                judges,
                ratings=[data / path for path in given.ratings],
                asking=Asking(given.limits, cache),
                report=report,
                again=again,
            ),
        )
    yield PAIRS, pair_stage([out / SCORED], out / PAIRS, recipe.pair, report=report)
