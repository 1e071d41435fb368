from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from fastapi import FastAPI

from anxin.counsel import Ended, Spoken, Waiting
from anxin.errors import ContextTooLong, ModelUnavailable
from anxin.model import EchoModel
from anxin.safety import Ledger

from .parts import (
    AT_RISK,
    CALM,
    CRISIS,
    WatchedModel,
    app_of,
    client_of,
    eventually,
    house_of,
    live,
    says,
    speech,
    user,
)

pytestmark = pytest.mark.anyio

LONG = "我在听。" * 200


def settled(app: FastAPI, model: WatchedModel) -> bool:
    house = house_of(app)
    return model.running == 0 and house.places.taken == 0 and not house.busy


@pytest.mark.parametrize("stream", [True, False])
def test_when_the_client_leaves_the_model_stops_and_the_place_is_free(stream: bool) -> None:
    model = WatchedModel([LONG], delay=0.02)
    app = app_of(model)
    with live(app) as address, httpx.Client(base_url=address) as client:
        body = {"messages": user(CALM), "stream": stream}
        try:
            with client.stream("POST", "/v1/chat/completions", json=body, timeout=0.3) as answer:
                next(answer.iter_bytes())
        except httpx.ReadTimeout:
            assert not stream  # a whole answer says nothing until it is whole
        eventually(lambda: settled(app, model), 1.0)
        assert len(model.asked) == 1


def test_when_the_client_leaves_what_was_spoken_is_kept() -> None:
    model = WatchedModel([LONG], delay=0.02)
    app = app_of(model)
    with live(app) as address, httpx.Client(base_url=address) as client:
        id = client.post("/api/conversations").json()["id"]
        with client.stream("POST", f"/api/conversations/{id}/turns", json={"text": CALM}) as answer:
            for line in answer.iter_lines():
                if line == "event: spoken":
                    break
        eventually(lambda: settled(app, model), 1.0)
        said, reply = client.get(f"/api/conversations/{id}").json()["messages"]
        assert said["text"] == CALM
        assert reply["text"] and LONG.startswith(reply["text"]) and len(reply["text"]) < len(LONG)
        with client.stream("POST", f"/api/conversations/{id}/turns", json={"text": CALM}) as again:
            assert again.status_code == 200


def test_a_client_that_leaves_before_the_first_word_leaves_its_message() -> None:
    model = WatchedModel([LONG], delay=30)
    app = app_of(model)
    with live(app) as address, httpx.Client(base_url=address) as client:
        id = client.post("/api/conversations").json()["id"]
        with client.stream("POST", f"/api/conversations/{id}/turns", json={"text": CALM}) as answer:
            next(answer.iter_lines())
        eventually(lambda: settled(app, model), 1.0)
        assert [said["role"] for said in client.get(f"/api/conversations/{id}").json()["messages"]] == ["client"]


async def test_beyond_the_limit_others_wait_but_a_crisis_is_answered() -> None:
    app = app_of(EchoModel(["好"], delay=0.3), max_generations=2)
    async with client_of(app) as client:
        calm = {"messages": user(CALM)}
        running = [asyncio.create_task(client.post("/v1/chat/completions", json=calm)) for _ in range(2)]
        await asyncio.sleep(0.1)
        refused = await client.post("/v1/chat/completions", json=calm)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert refused.json()["error"]["type"] == "rate_limit_error"
        crisis = await client.post("/v1/chat/completions", json={"messages": user(CRISIS)})
        assert crisis.status_code == 200
        assert crisis.json()["anxin"]["route"] == "crisis"
        assert [(await one).status_code for one in running] == [200, 200]
        assert house_of(app).places.taken == 0
        assert (await client.post("/v1/chat/completions", json=calm)).status_code == 200


async def test_at_t2_there_is_room_beyond_the_limit_but_not_without_end() -> None:
    app = app_of(EchoModel(["好"], delay=0.3), max_generations=1)
    async with client_of(app) as client:
        texts = [CALM, AT_RISK, AT_RISK]
        asked = []
        for text in texts:
            body = {"messages": user(text)}
            asked.append(asyncio.create_task(client.post("/v1/chat/completions", json=body)))
            await asyncio.sleep(0.05)
        assert [(await one).status_code for one in asked] == [200, 200, 429]
        assert house_of(app).places.taken == 0


async def test_a_refused_turn_has_touched_no_model_and_is_not_kept() -> None:
    model = WatchedModel(["好"], delay=0.3)
    app = app_of(model, max_generations=1)
    async with client_of(app) as client:
        running = asyncio.create_task(client.post("/v1/chat/completions", json={"messages": user(CALM)}))
        await asyncio.sleep(0.1)
        id = (await client.post("/api/conversations")).json()["id"]
        refused = await client.post(f"/api/conversations/{id}/turns", json={"text": CALM})
        assert refused.status_code == 429
        assert (await client.get(f"/api/conversations/{id}")).json()["messages"] == []
        await running
    assert len(model.asked) == 1


async def test_a_place_is_free_again_after_every_ending() -> None:
    turns = [
        says(*speech("好")),
        says(RuntimeError()),
        says(Spoken("好", "model"), RuntimeError()),
        says(),
        lambda request, model: 1 / 0,
    ]
    for turn in turns:
        app = app_of(turn=turn)  # type: ignore[arg-type]
        async with client_of(app) as client:
            await client.post("/v1/chat/completions", json={"messages": user(CALM), "stream": True})
            await client.post("/v1/chat/completions", json={"messages": user(CALM)})
        assert house_of(app).places.taken == 0


def metric(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


async def test_turns_are_counted_by_route_and_risk_and_never_by_their_words() -> None:
    script = says(Waiting(1), Spoken("好", "model"), Ended("stop", "好", Ledger(), prompt_tokens=9, reply_tokens=4))
    async with client_of(app_of(turn=script)) as client:
        await client.post("/v1/chat/completions", json={"messages": user(CALM)})
        await client.post("/v1/chat/completions", json={"messages": user(CALM), "temperature": 9})
        text = (await client.get("/metrics")).text
    assert metric(text, 'anxin_turns_total{risk="0",route="converse",surface="v1"}') == 1
    assert metric(text, 'anxin_turn_endings_total{reason="stop"}') == 1
    assert metric(text, 'anxin_tokens_total{kind="prompt"}') == 9
    assert metric(text, 'anxin_tokens_total{kind="reply"}') == 4
    assert metric(text, "anxin_first_piece_seconds_count") == 1
    assert metric(text, "anxin_generations_running") == 0
    assert metric(text, "anxin_generations_waiting") == 0
    assert metric(text, 'anxin_refusals_total{code="bad_request"}') == 1
    assert CALM not in text


async def test_who_waits_is_counted_while_waiting() -> None:
    gate = asyncio.Event()

    async def waits(request: object, model: object):  # type: ignore[no-untyped-def]
        async for event in says(Waiting(1))(request, model):  # type: ignore[arg-type]
            yield event
        await gate.wait()
        yield Ended("stop", "", Ledger())

    async with client_of(app_of(turn=waits)) as client:
        running = asyncio.create_task(client.post("/v1/chat/completions", json={"messages": user(CALM)}))
        await asyncio.sleep(0.05)
        text = (await client.get("/metrics")).text
        assert (metric(text, "anxin_generations_running"), metric(text, "anxin_generations_waiting")) == (1, 1)
        gate.set()
        await running


async def test_two_apps_count_apart() -> None:
    async with client_of(app_of(turn=says(*speech("好")))) as one, client_of(app_of()) as other:
        await one.post("/v1/chat/completions", json={"messages": user(CALM)})
        assert "anxin_turns_total{" in (await one.get("/metrics")).text
        assert "anxin_turns_total{" not in (await other.get("/metrics")).text


async def test_a_failed_turn_is_a_sign_and_a_prompt_too_long_is_none() -> None:
    for error, status in ((ModelUnavailable("down"), 503), (ContextTooLong("too long"), 200)):
        model = EchoModel(error=error)
        async with client_of(app_of(model)) as client:
            await client.post("/v1/chat/completions", json={"messages": user(CALM)})
            model._error = None
            assert (await client.get("/readyz")).status_code == status


async def test_ready_tells_of_the_model_and_health_of_the_process() -> None:
    async with client_of(app_of(EchoModel(error=ModelUnavailable("down")))) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.text) == (503, "model_unavailable\n")
    async with client_of(app_of()) as client:
        assert (await client.get("/readyz")).status_code == 200
