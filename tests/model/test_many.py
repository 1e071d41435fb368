from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from anxin.dialogue import Message
from anxin.errors import ContextTooLong, DataError, ModelBroken, ModelNotFound, ModelUnavailable
from anxin.model import EchoModel, EndpointModel, Generation, Piece, Reply
from anxin.model.many import Answer, Budget, Cache, Failed, Spent, ask_many

from .fake_server import DONE, OK, Asked, says, serving
from .reading import asks
from .scripted import Scripted

pytestmark = pytest.mark.anyio


def questions(count: int, **more: Any) -> Iterator[tuple[str, Generation]]:
    return ((str(n), asks(f"q{n}", **more)) for n in range(count))


async def all_of(
    model: Any, asked: Iterable[tuple[str, Generation]] | AsyncIterator[tuple[str, Generation]], **more: Any
) -> dict[str, Answer | Failed]:
    results = [result async for result in ask_many(model, asked, **{"backoff": 0.0, **more})]
    assert len(dict(results)) == len(results)  # nobody is answered twice
    return dict(results)


async def test_every_question_comes_back_under_its_name_with_what_it_cost() -> None:
    spent = Spent()
    results = await all_of(Scripted(), questions(9), spent=spent)
    assert results == {str(n): Answer(f"re q{n}", "hm", "stop", 10, 5, False) for n in range(9)}
    assert spent == Spent(questions=9, tokens=135)


async def test_results_come_in_the_order_of_completion_and_the_source_may_be_asynchronous() -> None:
    def slow_first(text: str, time: int) -> object:
        return ModelUnavailable("busy") if text == "q0" and time == 1 else text

    async def later() -> AsyncIterator[tuple[str, Generation]]:
        for question in questions(3):
            await asyncio.sleep(0)
            yield question

    names = [name async for name, _ in ask_many(Scripted(slow_first), later(), at_once=2, backoff=0.01)]
    assert sorted(names) == ["0", "1", "2"] and names[-1] == "0"


async def test_never_more_at_once_and_the_source_is_not_read_ahead() -> None:
    taken = 0

    def endless() -> Iterator[tuple[str, Generation]]:
        nonlocal taken
        for taken in itertools.count(1):
            yield str(taken), asks(f"q{taken}")

    model = Scripted()
    async with aclosing(ask_many(model, endless(), at_once=3)) as results:
        for _ in range(5):
            await anext(results)
        for _ in range(200):  # nobody takes results: the asking has to stop by itself
            await asyncio.sleep(0)
        assert model.most <= 3
        assert taken <= 5 + 3 + 3
    assert model.open == 0


async def test_a_model_that_fails_half_the_time_loses_nothing() -> None:
    def half(text: str, time: int) -> object:
        return (ModelBroken if int(text[1:]) % 4 < 2 else ModelUnavailable)("no") if time % 2 else text

    spent = Spent()
    results = await all_of(Scripted(half), questions(40), spent=spent)
    assert {name: answer.text for name, answer in results.items() if isinstance(answer, Answer)} == {
        str(n): f"q{n}" for n in range(40)
    }
    # A question is one however often it was tried; what was heard of the broken answers is paid for.
    assert spent == Spent(questions=40, tokens=40 * 15 + 20 * 11)


async def test_what_fails_to_the_end_is_told_and_the_others_go_on() -> None:
    model = Scripted(lambda text, time: ModelUnavailable("down") if text == "q1" else text)
    results = await all_of(model, questions(3), tries=3)
    assert results["1"] == Failed("down", "model_unavailable")
    assert model.asked == {"q0": 1, "q1": 3, "q2": 1}
    assert isinstance(results["0"], Answer) and isinstance(results["2"], Answer)


async def test_a_question_that_does_not_fit_is_not_tried_again() -> None:
    model = Scripted(lambda text, time: ContextTooLong("too long"))
    assert await all_of(model, questions(1)) == {"0": Failed("too long", "context_too_long")}
    assert model.asked == {"q0": 1}


async def test_a_hanging_model_is_left_and_asked_again() -> None:
    model = Scripted(lambda text, time: "hang" if time == 1 else text)
    results = await all_of(model, questions(2), patience=0.02)
    assert [type(answer) for answer in results.values()] == [Answer, Answer]
    assert model.open == 0 and model.asked == {"q0": 2, "q1": 2}
    hung = await all_of(Scripted(lambda text, time: "hang"), questions(1), patience=0.01, tries=2)
    assert hung == {"0": Failed("the model gave no whole answer within 0.01 seconds", "model_unavailable")}


async def test_waits_grow_and_are_the_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real(0)

    model = Scripted(lambda text, time: ModelUnavailable("down"))
    monkeypatch.setattr("anxin.model.many.asyncio.sleep", sleep)
    await all_of(model, questions(1), tries=9, backoff=1.0, seed_of_waits=1)
    waited = [wait for wait in waits if wait]
    for wait, whole in zip(waited, [1, 2, 4, 8, 16, 32, 60, 60], strict=True):
        assert whole / 2 <= wait <= whole
    waits.clear()
    await all_of(model, questions(1), tries=9, backoff=1.0, seed_of_waits=1)
    assert [wait for wait in waits if wait] == waited


async def test_a_model_that_is_not_there_ends_it_all() -> None:
    model = Scripted(lambda text, time: ModelNotFound("no such model"))
    with pytest.raises(ModelNotFound):
        await all_of(model, questions(50))
    assert model.open == 0 and sum(model.asked.values()) <= 8


async def test_a_fault_of_the_source_reaches_the_reader() -> None:
    def torn() -> Iterator[tuple[str, Generation]]:
        yield from questions(2)
        raise DataError("line 3 is torn")

    with pytest.raises(DataError, match="torn"):
        await all_of(Scripted(), torn())


async def test_closing_it_closes_every_stream() -> None:
    model = Scripted(lambda text, time: "hang" if text != "q0" else text)
    results = ask_many(model, questions(9), at_once=4)
    assert (await anext(results))[0] == "0"
    await asyncio.sleep(0.01)
    assert model.open == 4
    await results.aclose()
    assert model.open == 0


async def test_cancelling_the_reader_closes_every_stream() -> None:
    model = Scripted(lambda text, time: "hang")
    task = asyncio.create_task(all_of(model, questions(9)))
    await asyncio.sleep(0.01)
    assert model.open == 4
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.01)  # an abandoned generator is closed by the loop
    assert model.open == 0


async def test_past_the_budget_nobody_is_asked_and_more_budget_goes_on_from_the_cache(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers.db") as cache:
        model = Scripted()
        first = await all_of(model, questions(10), cache=cache, budget=Budget(questions=4))
        assert Counter(type(answer).__name__ for answer in first.values()) == {"Answer": 4, "Failed": 6}
        assert Failed("budget", "budget") in first.values() and sum(model.asked.values()) == 4
        spent = Spent()
        second = await all_of(model, questions(10), cache=cache, budget=Budget(questions=6), spent=spent)
        assert all(isinstance(answer, Answer) for answer in second.values())
        assert max(model.asked.values()) == 1  # nothing twice
        assert spent == Spent(questions=6, tokens=90, cached=4)


@pytest.mark.parametrize("at_once", [1, 5])
async def test_tokens_are_never_overspent_nor_left_by_fear(at_once: int) -> None:
    # 15 tokens each are used, 10 + 20 might be: 100 tokens allow the sixth only if what was not used is given back.
    spent = Spent()
    results = await all_of(
        Scripted(pause=0.001), questions(20, max_tokens=20), budget=Budget(tokens=100), at_once=at_once, spent=spent
    )
    assert spent.tokens == 75 and spent.questions == 5 and len(results) == 20


async def test_a_budget_is_shared_by_calls_that_share_what_was_spent() -> None:
    spent, model = Spent(), Scripted()
    for _ in range(3):
        await all_of(model, questions(4), budget=Budget(questions=6), spent=spent)
    assert (spent.questions, spent.failed, sum(model.asked.values())) == (6, 6, 6)


async def test_the_cache_answers_the_second_time(tmp_path: Path) -> None:
    model = Scripted()
    with Cache(tmp_path / "new" / "answers.db") as cache:
        once = await all_of(model, questions(5), cache=cache)
    with Cache(tmp_path / "new" / "answers.db") as cache:
        again = await all_of(model, questions(5), cache=cache)
        assert len(cache) == 5
    assert sum(model.asked.values()) == 5
    assert all(isinstance(answer, Answer) and answer.cached for answer in again.values())
    assert again == {name: replace(a, cached=True) for name, a in once.items() if isinstance(a, Answer)}


async def test_the_same_question_at_the_same_time_is_asked_once(tmp_path: Path) -> None:
    model = Scripted(pause=0.01)
    same = [(str(n), asks("same")) for n in range(6)]
    with Cache(tmp_path / "answers.db") as cache:
        results = await all_of(model, same, cache=cache, at_once=6)
    assert model.asked == {"same": 1} and len(results) == 6


async def test_failures_are_not_kept(tmp_path: Path) -> None:
    model = Scripted(lambda text, time: ModelUnavailable("down") if time == 1 else text)
    with Cache(tmp_path / "answers.db") as cache:
        assert isinstance((await all_of(model, questions(1), cache=cache, tries=1))["0"], Failed)
        assert isinstance((await all_of(model, questions(1), cache=cache, tries=1))["0"], Answer)


def test_the_key_holds_everything_that_is_sent() -> None:
    plain = Generation((Message("client", "a"),))
    other: dict[str, Any] = {
        "messages": (Message("counsellor", "a"),),
        "max_tokens": 9,
        "temperature": 0.1,
        "top_p": 0.1,
        "stop": ("\n",),
        "seed": 1,
        "schema": {"type": "object"},
    }
    assert other.keys() == {field.name for field in fields(Generation)}
    made = [Cache.key("m", plain), Cache.key("n", plain)]
    made += [Cache.key("m", replace(plain, **{name: value})) for name, value in other.items()]
    made += [Cache.key("m", Generation((Message("client", "a", "thought"),)))]
    assert len(set(made)) == len(made)
    assert Cache.key("m", plain) == Cache.key("m", Generation((Message("client", "a"),)))


def test_a_cache_keeps_any_text_forgets_and_refuses_other_files(tmp_path: Path) -> None:
    odd = Answer("half \ud83d 心\x00", "想", "length", 1, 2, False)
    with Cache(tmp_path / "answers.db") as cache:
        cache.put("k", odd)
        assert cache.get("k") == replace(odd, cached=True)
        cache.forget()
        assert cache.get("k") is None and len(cache) == 0
    assert "心".encode() not in (tmp_path / "answers.db").read_bytes()
    other = tmp_path / "notes.txt"
    other.write_text("not a database, but long enough to be looked at " * 20, encoding="utf-8")
    with pytest.raises(DataError, match=r"notes\.txt"):
        Cache(other)
    with pytest.raises(DataError):
        Cache(tmp_path)


async def test_an_answer_that_never_ends_is_cut_and_said_to_be() -> None:
    class Endless(Scripted):
        async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
            while True:
                yield Reply("word " * 50)
                await asyncio.sleep(0)

    results = await all_of(Endless(), questions(1, max_tokens=8))
    answer = results["0"]
    assert isinstance(answer, Answer) and answer.reason == "length" and len(answer.text) < 1000


async def test_it_asks_a_real_endpoint(tmp_path: Path) -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        said = asked.body["messages"][-1]["content"]
        writer.write(OK + says({"reasoning_content": "hm"}, {"content": said.upper()}) + DONE)

    async with serving(answer) as fake:
        model = EndpointModel("qwen3", fake.url)
        with Cache(tmp_path / "answers.db") as cache:
            results = await all_of(model, questions(6), cache=cache)
        await model.close()
    assert results == {str(n): Answer(f"Q{n}", "hm", "stop", 7, 3, False) for n in range(6)}
    assert len(fake.asked) == 6


async def test_echo_may_be_asked_too() -> None:
    results = await all_of(EchoModel(), questions(3))
    assert results["2"] == Answer("q2", "", "stop", 3, 1, False)


_WRITER = """
import sys
from pathlib import Path
from anxin.model.many import Answer, Cache
with Cache(Path(sys.argv[1])) as cache:
    for n in range(100_000):
        cache.put(f"{sys.argv[2]}{n}", Answer(str(n), "", "stop", 1, 1, False))
        print(n, flush=True)
"""


def test_what_was_kept_outlives_kill_9_and_two_writers(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    told = {}
    try:
        for name, writer in zip("ab", writers, strict=True):
            assert writer.stdout is not None
            for _ in range(30):
                told[name] = int(writer.stdout.readline())
    finally:
        for writer in writers:
            os.kill(writer.pid, signal.SIGKILL)
            writer.communicate()
    with Cache(path) as cache:
        for name, last in told.items():
            assert [cache.get(f"{name}{n}") is not None for n in range(last + 1)] == [True] * (last + 1)
