"""Two clients whose messages call for opposite replies, their turns interleaved in every which way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator

import httpx
import pytest
from fastapi import FastAPI

from anxin.counsel import Ended, Event, Lines, Route, Screened, Settings, Spoken, Turn, turn
from anxin.dialogue import Dialogue
from anxin.model import EchoModel, Generation, Piece
from anxin.safety import Ledger

from .parts import CALM, CRISIS, app_of, client_of, events_of, house_of, text_of, user

pytestmark = pytest.mark.anyio


class UnsteadyModel(EchoModel):
    """Says the client's words back, giving way to others at random moments."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        async for piece in super().stream(generation):
            for _ in range(self._chance.randrange(3)):
                await asyncio.sleep(0)
            yield piece


def request_of(text: str) -> Turn:
    return Turn(dialogue=Dialogue().says("client", text), ledger=Ledger(), settings=Settings(language="zh"))


async def alone(text: str) -> list[Event]:
    return [event async for event in turn(request_of(text), EchoModel())]


async def test_ten_thousand_interleavings_of_two_turns_step_by_step() -> None:
    chance = random.Random(7)
    model = EchoModel()
    expected = {text: await alone(text) for text in (CALM, CRISIS)}
    assert {event.route for events in expected.values() for event in events if isinstance(event, Screened)} == {
        Route.CRISIS,
        expected[CALM][0].route,  # type: ignore[union-attr]
    }
    for _ in range(10_000):
        running: dict[str, AsyncGenerator[Event, None]] = {text: turn(request_of(text), model) for text in expected}
        got: dict[str, list[Event]] = {text: [] for text in expected}
        while running:
            text = chance.choice(list(running))
            event = await anext(running[text], None)
            if event is None:
                del running[text]
            else:
                got[text].append(event)
        assert got == expected


async def talk(client: httpx.AsyncClient, app: FastAPI, text: str) -> None:
    """One client of both APIs; every piece of what comes back must be its own."""
    id = (await client.post("/api/conversations")).json()["id"]
    events = events_of((await client.post(f"/api/conversations/{id}/turns", json={"text": text})).text)
    spoken = "".join(data["text"] for kind, data in events if kind == "spoken")
    kept = await house_of(app).conversations.get(id)
    streamed = await client.post("/v1/chat/completions", json={"messages": user(text), "stream": True})
    assert kept is not None
    if text == CRISIS:
        assert events[0][1]["route"] == "crisis"
        assert CALM[:3] not in spoken and CALM[:3] not in streamed.text
        assert any(kind == "lines" for kind, _ in events) and '"lines"' in streamed.text
        assert kept.ledger == Ledger.of(kept.dialogue)
    else:
        assert events[0][1]["route"] == "converse"
        assert spoken == CALM == text_of(streamed.text)
        assert not any(kind == "lines" for kind, _ in events) and '"lines"' not in streamed.text
        assert kept.ledger == Ledger.of(kept.dialogue) != Ledger.of(Dialogue().says("client", CRISIS))


async def interleave(rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    app = app_of(UnsteadyModel(chance))
    async with client_of(app) as client:
        for _ in range(rounds):
            texts = chance.sample([CALM, CRISIS], 2)
            await asyncio.gather(*(talk(client, app, text) for text in texts))


async def test_two_clients_through_the_app() -> None:
    await interleave(300, seed=1)


@pytest.mark.slow
async def test_ten_thousand_rounds_of_two_clients_through_the_app() -> None:
    await interleave(10_000, seed=2)


def test_the_events_compared_are_the_ones_that_matter() -> None:
    events = asyncio.run(alone(CRISIS))
    assert any(isinstance(event, Lines) for event in events)
    assert any(isinstance(event, Spoken) for event in events)
    assert isinstance(events[-1], Ended)
