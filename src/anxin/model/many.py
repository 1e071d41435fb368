"""One model, many questions: what a teacher or a judge of thousands needs. Knows nothing of prompts or risk.

Questions stream in and answers stream out. A model that fails is asked again, later and later; what was answered once
is kept in a `Cache` and never asked again; a `Budget` ends the asking, not the run.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from anxin.errors import AnxinError, ContextTooLong, ModelBroken, ModelError, ModelUnavailable, UserError
from anxin.model.cache import Answer, Cache
from anxin.model.protocol import Done, Generation, Model, Reply, Thought

__all__ = ["Answer", "Budget", "Cache", "Failed", "Spent", "ask_many"]

_LONGEST_WAIT: Final = 60.0  # seconds between two tries
_WORDY: Final = 64  # characters a token may be; what goes on past that heeds no limit and is not read on


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be asked; None is no limit. Answers from the cache cost nothing.

    `tokens` counts prompts and replies. A question is asked only if it fits with the longest reply it allows, so the
    budget is kept to as well as the model's own count of a prompt is.
    """

    questions: int | None = None
    tokens: int | None = None


@dataclass(slots=True)
class Spent:
    """What was asked so far. One may be given to several calls of `ask_many`, which then share a budget.

    `questions` and `tokens` were really asked (a question tried three times is one), `cached` came from the cache,
    `failed` from nowhere. `tokens` also counts what was heard of answers that broke off.
    """

    questions: int = 0
    tokens: int = 0
    cached: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer, after every try. `code` is the error's (`model_unavailable`, `context_too_long` ...) or `budget`."""

    error: str
    code: str = ModelError.code


async def ask_many(
    model: Model,
    questions: AsyncIterable[tuple[str, Generation]] | Iterable[tuple[str, Generation]],
    *,
    cache: Cache | None = None,
    at_once: int = 4,
    budget: Budget = Budget(),
    tries: int = 4,
    patience: float = 300.0,
    backoff: float = 1.0,
    seed_of_waits: int | None = None,
    spent: Spent | None = None,
) -> AsyncGenerator[tuple[str, Answer | Failed], None]:
    """Each question's name with its answer, in the order of completion; one result for every question.

    At most `at_once` are being asked and as many results wait to be taken, however many there are. `ModelUnavailable`,
    `ModelBroken` and an answer not whole within `patience` seconds are tried again, `tries` times in all, waiting
    `backoff` seconds, then twice as long and so on to a minute, less up to half by chance (`seed_of_waits`). What fails
    then, or does not fit the model, is `Failed`; past the budget all that is not in the cache is `Failed("budget")`.
    A mistake in naming the model (`UserError`) and faults of the cache and of `questions` are raised. Closing the
    iterator closes every stream; nothing that was answered is lost with a cache.
    """
    if at_once < 1 or tries < 1:
        raise ValueError("at_once and tries must be at least 1")
    work = _Work(model, cache, budget, tries, patience, backoff, random.Random(seed_of_waits), spent or Spent())
    results: asyncio.Queue[tuple[str, Answer | Failed] | BaseException | None] = asyncio.Queue(at_once)
    source = aiter(questions) if isinstance(questions, AsyncIterable) else _async(questions)
    taking = asyncio.Lock()

    async def worker() -> None:
        try:
            while True:
                async with taking:  # an iterator is asked for one at a time
                    try:
                        name, generation = await anext(source)
                    except StopAsyncIteration:
                        break
                await results.put((name, await work.answer(generation)))
            await results.put(None)
        except Exception as error:  # handed to the reader, who raises it
            await results.put(error)

    workers = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        running = at_once
        while running:
            result = await results.get()
            if result is None:
                running -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if (close := getattr(source, "aclose", None)) is not None:
            await close()


@dataclass(slots=True)
class _Work:
    """What the workers of one call share."""

    model: Model
    cache: Cache | None
    budget: Budget
    tries: int
    patience: float
    backoff: float
    chance: random.Random
    spent: Spent
    reserved: int = 0  # tokens that questions on their way may still cost
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    asking: dict[str, asyncio.Event] = field(default_factory=dict)

    async def answer(self, generation: Generation) -> Answer | Failed:
        if self.cache is None:
            return await self._within_budget(generation)
        key = self.cache.key(self.model.info.name, generation)
        while (same := self.asking.get(key)) is not None:
            await same.wait()  # the same question is being asked: its answer will be in the cache
        if (known := self.cache.get(key)) is not None:
            self.spent.cached += 1
            return known
        self.asking[key] = asyncio.Event()
        try:
            answer = await self._within_budget(generation)
            if isinstance(answer, Answer):
                self.cache.put(key, answer)
            return answer
        finally:
            self.asking.pop(key).set()

    async def _within_budget(self, generation: Generation) -> Answer | Failed:
        cost = 0
        if self.budget.tokens is not None:
            cost = self.model.count(generation.messages) + generation.max_tokens
        # Those on their way may cost less than they might have: only when none is left is it certain.
        while not self._fits(cost) and self.reserved:
            self.settled.clear()
            await self.settled.wait()
        if not self._fits(cost):
            self.spent.failed += 1
            return Failed("budget", "budget")
        self.spent.questions += 1
        self.reserved += cost
        try:
            answer = await self._tried(generation)
        finally:
            self.reserved -= cost
            self.settled.set()
        self.spent.failed += isinstance(answer, Failed)
        return answer

    def _fits(self, cost: int) -> bool:
        budget, spent = self.budget, self.spent
        if budget.questions is not None and spent.questions >= budget.questions:
            return False
        return budget.tokens is None or spent.tokens + self.reserved + cost <= budget.tokens

    async def _tried(self, generation: Generation) -> Answer | Failed:
        wait = self.backoff
        for left in range(self.tries - 1, -1, -1):
            try:
                return await self._once(generation)
            except (ContextTooLong, ModelUnavailable, ModelBroken) as error:
                if not left or isinstance(error, ContextTooLong):
                    return Failed(str(error), error.code)
            except UserError:
                raise  # no such model: the next question would meet the same
            except AnxinError as error:
                return Failed(str(error), error.code)
            await asyncio.sleep(wait * self.chance.uniform(0.5, 1.0))
            wait = min(2 * wait, _LONGEST_WAIT)
        raise AssertionError("unreachable")

    async def _once(self, generation: Generation) -> Answer:
        """One asking. Raises what the model raises, and `ModelUnavailable` when patience ends."""
        text: list[str] = []
        thought: list[str] = []
        room = _WORDY * (generation.max_tokens + 1)
        done: Done | None = None
        try:
            async with asyncio.timeout(self.patience), aclosing(self.model.stream(generation)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Done):
                        done = piece
                        break
                    if isinstance(piece, (Reply, Thought)):
                        (text if isinstance(piece, Reply) else thought).append(piece.text)
                        room -= len(piece.text)
                        if room < 0:
                            break
        except TimeoutError:
            raise ModelUnavailable(f"the model gave no whole answer within {self.patience:g} seconds") from None
        finally:
            if done is None and (text or thought):  # broken off, and no doubt paid for: a token a piece at the least
                self.spent.tokens += self.model.count(generation.messages) + len(text) + len(thought)
        if done is None and room >= 0:
            raise ModelBroken("the model ended its answer without saying so")
        if done is None:
            done = Done("length", self.model.count(generation.messages), len(text) + len(thought))
        else:
            self.spent.tokens += done.prompt_tokens + done.reply_tokens
        return Answer("".join(text), "".join(thought), done.reason, done.prompt_tokens, done.reply_tokens, cached=False)


async def _async(questions: Iterable[tuple[str, Generation]]) -> AsyncIterator[tuple[str, Generation]]:
    for question in questions:
        yield question
