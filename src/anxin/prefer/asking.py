"""Asking models for a batch: all of them at once, each through `ask_many`, and what stops a run early."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from anxin.errors import ModelUnavailable, UserError
from anxin.model import Generation, Model
from anxin.model.many import Answer, Budget, Cache, Failed, Spent, ask_many

__all__ = ["Asking", "Limits", "side_by_side"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How models are asked; none of it changes what they answer.

    `at_once` questions to each server; `tries` of each; `patience` in seconds for one answer. `questions` and `tokens`
    end the run when so many were asked in it (0: no end).
    """

    at_once: int = 4
    tries: int = 4
    patience: float = 300.0
    questions: int = 0
    tokens: int = 0

    @property
    def budget(self) -> Budget:
        """As `ask_many` takes it."""
        return Budget(self.questions or None, self.tokens or None)


@dataclass(frozen=True, slots=True)
class Asking:
    """One run's limits, cache and account."""

    limits: Limits = field(default_factory=Limits)
    cache: Cache | None = None
    spent: Spent = field(default_factory=Spent)

    async def of(self, model: Model, questions: Sequence[tuple[str, Generation]]) -> dict[str, Answer | Failed]:
        """Every question's answer or failure, by name.

        Raises `UserError` where the budget is spent, and `ModelUnavailable` where the server answered nothing at all:
        to go on would only use up the corpus. What was answered is in the cache.
        """
        answers: dict[str, Answer | Failed] = {}
        limits, here = self.limits, model.info.backend == "embedded"
        async for name, answer in ask_many(
            model,
            questions,
            cache=self.cache,
            at_once=1 if here else limits.at_once,  # one after the other in this process: waiting in line is no fault
            budget=limits.budget,
            tries=limits.tries,
            patience=limits.patience,
            seed_of_waits=0,
            spent=self.spent,
        ):
            answers[name] = answer
        failures = [answer for answer in answers.values() if isinstance(answer, Failed)]
        if any(failed.code == "budget" for failed in failures):
            raise UserError(
                f"the budget is spent ({self.spent.questions} questions, {self.spent.tokens} tokens); raise it and run "
                "again: what was answered is kept"
            )
        down = [failed for failed in failures if failed.code == ModelUnavailable.code]
        if down and len(down) == len(answers):
            raise ModelUnavailable(
                f"{model.info.name} answered none of {len(answers)} questions ({down[0].error}); run again when it "
                "does: what was answered is kept"
            )
        return answers


async def side_by_side(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all, in order; the first error stops the others and is raised."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
