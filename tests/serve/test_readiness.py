from __future__ import annotations

import asyncio

import pytest

from anxin.errors import ModelUnavailable
from anxin.serve.readiness import Readiness

from .parts import WatchedModel

pytestmark = pytest.mark.anyio


async def test_one_probe_serves_all_who_ask_within_a_while() -> None:
    model = WatchedModel()
    readiness = Readiness(model)
    assert await asyncio.gather(*(readiness.fault() for _ in range(10))) == [""] * 10
    assert len(model.asked) == 1
    assert model.running == 0


async def test_a_turn_that_went_well_is_as_good_as_a_probe() -> None:
    model = WatchedModel()
    readiness = Readiness(model)
    readiness.note()
    assert await readiness.fault() == ""
    assert model.asked == []


async def test_after_a_while_it_asks_again() -> None:
    now = 0.0
    model = WatchedModel(error=ModelUnavailable("down"))
    readiness = Readiness(model, fresh=30.0, clock=lambda: now)
    assert await readiness.fault() == "model_unavailable"
    model._error = None
    assert await readiness.fault() == "model_unavailable"
    now = 31.0
    assert await readiness.fault() == ""


async def test_a_model_that_hangs_or_breaks_is_not_ready() -> None:
    assert await Readiness(WatchedModel(delay=30), patience=0.02).fault() == "model_error"
    assert await Readiness(WatchedModel(error=ZeroDivisionError())).fault() == "model_error"
