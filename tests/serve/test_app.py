from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import httpx
import pytest

from anxin import counsel
from anxin.counsel import Judge
from anxin.errors import ConfigError
from anxin.model import EchoModel
from anxin.serve import ServeOptions, create_app

from .parts import CALM, CRISIS, WatchedModel, app_of, client_of, live, user

pytestmark = pytest.mark.anyio


async def test_the_model_is_closed_when_the_app_stops() -> None:
    model = WatchedModel()
    app = app_of(model)
    async with app.router.lifespan_context(app):
        assert not model.closed
    assert model.closed


async def test_a_judge_of_its_own_is_prepared_and_closed_with_the_app() -> None:
    class Prepared(WatchedModel):
        prepared: Sequence[str] = ()

        async def prepare(self, systems: Sequence[str] = ()) -> None:
            self.prepared = systems

    judge = Prepared()
    app = create_app(EchoModel(), options=ServeOptions(), judge=Judge(judge))
    async with app.router.lifespan_context(app):
        assert len(judge.prepared) == 2 and not judge.closed, "its instructions in both languages are read before"
    assert judge.closed


async def test_a_judge_is_asked_before_the_first_event_and_never_in_a_crisis() -> None:
    judge = WatchedModel(['{"risk": 3, "reason": "says so"}'])
    unsure = partial(counsel.turn, judge=Judge(judge, above=0.0, below=1.0))
    async with client_of(app_of(EchoModel(["嗯。"]), turn=unsure)) as client:
        calm = (await client.post("/v1/chat/completions", json={"messages": user(CALM)})).json()["anxin"]
        assert len(judge.asked) == 1 and calm["route"] == "crisis" and calm["lines"]
        await client.post("/v1/chat/completions", json={"messages": user(CRISIS)})
    assert len(judge.asked) == 1


def test_a_region_without_lines_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="CN"):
        create_app(EchoModel(), options=ServeOptions(region="XX"))


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_no_page_that_loads_from_elsewhere(path: str) -> None:
    async with client_of(app_of()) as client:
        answer = await client.get(path)
    assert "cdn" not in answer.text


def test_fastapis_own_telemetry_stays_off() -> None:
    telemetry = getattr(app_of(), "_telemetry", {})  # older releases of FastAPI have none
    assert not any(telemetry.get(signal) for signal in ("tracing", "metrics", "logs"))


async def test_a_wrong_method_is_told_the_right_one() -> None:
    async with client_of(app_of()) as client:
        answer = await client.get("/v1/chat/completions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "wrong_method"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\xfe\x00", 400),
        (b"x" * 1_000_000, 413),
        (b"[" * 200_000, 400),
        (b'{"messages": [{"role": "user", "content": NaN}]}', 400),
        (rb'{"messages": [{"role": "user", "content": "\ud800"}], "model": "\udfff"}', 404),
    ],
)
@pytest.mark.parametrize("chunked", [True, False])
def test_bad_bodies_get_one_clear_line_from_a_real_server(body: bytes, status: int, chunked: bool) -> None:
    with live(app_of()) as address, httpx.Client(base_url=address) as client:
        content = iter([body[:1000], body[1000:]]) if chunked else body
        answer = client.post("/v1/chat/completions", content=content)
        assert answer.status_code == status
        assert "\n" not in answer.json()["error"]["message"]
        assert client.post("/v1/chat/completions", json={"messages": user("你好")}).status_code == 200
