from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

import anxin
from anxin import Counsellor, screen
from anxin.counsel import Spoken
from anxin.dialogue import Dialogue
from anxin.errors import DialogueError, ModelNotFound
from anxin.model import EchoModel, Generation, Piece
from anxin.retrieve import folded
from anxin.safety import Risk


def test_the_python_door() -> None:
    answer = Counsellor("echo").answer("今天有点累")
    assert answer.text and not answer.error
    assert answer.verdict.risk <= Risk.T1
    again = Counsellor("echo").answer(Dialogue().says("client", "我已经吃了一瓶药"), answer.ledger)
    assert again.ledger.risk is Risk.T5 and again.lines
    assert screen("我不想活了").risk >= Risk.T2


def test_mistakes_are_named() -> None:
    with pytest.raises(DialogueError, match="must end with the client"):
        Counsellor("echo").answer(Dialogue())
    with pytest.raises(ModelNotFound, match="no model"):
        Counsellor("nothing-of-this-name").answer("hi")
    with pytest.raises(AttributeError, match="no attribute"):
        _ = anxin.nothing


def test_leaving_a_turn_closes_the_model() -> None:
    closed: list[bool] = []

    class Watched(EchoModel):
        async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
            try:
                async for piece in super().stream(generation):
                    yield piece
            finally:
                closed.append(True)

    async def leave() -> None:
        model = Watched()
        events = Counsellor(model).turn(Dialogue().says("client", "今天有点累"), model)
        async for event in events:
            if isinstance(event, Spoken):
                break
        await events.aclose()
        assert closed == [True]

    asyncio.run(leave())


def test_an_answer_carries_what_is_offered_and_the_next_knows_of_it() -> None:
    counsellor = Counsellor("echo")
    dialogue = Dialogue().says("client", "讲个笑话吧")
    first = counsellor.answer(dialogue)
    assert first.offered is not None and first.offered.kind == "crosstalk" and first.offered.title not in first.text
    again = dialogue.says("counsellor", first.text + folded(first.offered)).says("client", "再讲个笑话吧")
    second = counsellor.answer(again, first.ledger)
    assert second.offered is not None and second.offered != first.offered
    assert counsellor.answer("今天有点累").offered is None
