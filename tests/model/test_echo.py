from __future__ import annotations

import pytest

from anxin.dialogue import Message
from anxin.errors import ContextTooLong, ModelBroken, ModelUnavailable
from anxin.model import EchoModel, Generation, Reply

from .reading import asks, done, read, replied, thought

pytestmark = pytest.mark.anyio


async def test_without_a_script_the_clients_words_come_back_in_small_pieces() -> None:
    pieces = await read(EchoModel(), asks("我最近睡不好"))
    assert pieces[:2] == [Reply("我最近"), Reply("睡不好")]
    assert done(pieces).reason == "stop"
    assert (done(pieces).prompt_tokens, done(pieces).reply_tokens) == (8, 6)


async def test_a_list_is_said_in_turn_by_the_dialogue_alone() -> None:
    model = EchoModel(["one", "two"])
    opened = (Message("client", "a"),)
    later = (*opened, Message("counsellor", "one"), Message("client", "b"))
    for _ in range(2):  # nothing is kept between two calls
        assert replied(await read(model, Generation(opened))) == "one"
        assert replied(await read(model, Generation(later))) == "two"


async def test_a_function_and_a_thought() -> None:
    pieces = await read(EchoModel(lambda messages: f"{len(messages)} said", thought="hmm hmm"), asks("x"))
    assert (thought(pieces), replied(pieces)) == ("hmm hmm", "1 said")


async def test_it_fails_before_or_in_the_middle_as_told() -> None:
    with pytest.raises(ModelUnavailable):
        await anext(aiter(EchoModel(error=ModelUnavailable("down")).stream(asks("hello"))))
    given: list[object] = []
    with pytest.raises(ModelBroken):
        async for piece in EchoModel(["abcdef"], error=ModelBroken("broke"), fail_after=1).stream(asks("hello")):
            given.append(piece)
    assert given == [Reply("abc")]


async def test_length_and_stop_strings() -> None:
    pieces = await read(EchoModel(["一二三四五"]), asks("x", max_tokens=2))
    assert (replied(pieces), done(pieces).reason, done(pieces).reply_tokens) == ("一二", "length", 2)
    pieces = await read(EchoModel(["yes STOP no"]), asks("x", stop=("STOP",)))
    assert (replied(pieces), done(pieces).reason) == ("yes ", "stop")


async def test_a_dialogue_too_long() -> None:
    with pytest.raises(ContextTooLong, match="shorten"):
        await read(EchoModel(context=10), asks("心" * 20))


def test_an_empty_script_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        EchoModel([])
