"""Nothing a client says may stand in a log, on the terminal, in a metric or in an error that is not its own answer."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncGenerator, Iterator

import httpx
import pytest

from anxin.counsel import Event, Turn
from anxin.errors import ModelBroken
from anxin.model import EchoModel, Model

from .parts import app_of, live, screened, text_of

SECRET = "秘密花园七七三一"
SAID = f"我最近总想起{SECRET}，睡不好"


@pytest.fixture
def written(capfd: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """All that any logger writes, down to DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    names = ["", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "httpx", "httpcore", "anxin"]
    levels = {name: logging.getLogger(name).level for name in names}
    root.addHandler(handler)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def turns(client: httpx.Client, text: str) -> list[httpx.Response]:
    id = client.post("/api/conversations").json()["id"]
    body = {"messages": [{"role": "user", "content": text}]}
    return [
        client.post(f"/api/conversations/{id}/turns", json={"text": text}),
        client.post(f"/api/conversations/{id}/retry", json={}),
        client.post("/v1/chat/completions", json=body),
        client.post("/v1/chat/completions", json={**body, "stream": True}),
    ]


def all_written(stream: io.StringIO, capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    return stream.getvalue() + out + err


def test_a_turn_leaves_no_trace(written: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    with live(app_of(EchoModel())) as address, httpx.Client(base_url=address) as client:
        assert SECRET in text_of(turns(client, SAID)[-1].text)  # it was said, and came back to who said it
        metrics = client.get("/metrics").text
    logged = all_written(written, capfd)
    assert "Started server process" in logged  # the capture works
    assert SECRET not in logged
    assert SECRET not in metrics


def test_a_model_error_that_quotes_the_client_leaves_no_trace(
    written: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    model = EchoModel(error=ModelBroken(f"cannot read {SAID}"))
    with live(app_of(model)) as address, httpx.Client(base_url=address) as client:
        turns(client, SAID)
    assert SECRET not in all_written(written, capfd)


@pytest.mark.parametrize("screens", [True, False])
def test_a_crash_that_quotes_the_client_leaves_its_place_but_not_its_text(
    screens: bool, written: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    async def crashes(request: Turn, model: Model) -> AsyncGenerator[Event, None]:
        if screens:
            yield screened()
        raise ValueError(f"bad input: {request.dialogue.messages[-1].text}")

    with live(app_of(turn=crashes)) as address, httpx.Client(base_url=address) as client:
        answers = turns(client, SAID)
    logged = all_written(written, capfd)
    assert "ValueError" in logged
    assert SECRET not in logged
    assert all(SECRET not in answer.text for answer in answers)


def test_a_crash_outside_a_turn_leaves_no_trace(written: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    def crashes(request: Turn, model: Model) -> AsyncGenerator[Event, None]:
        raise ValueError(f"bad input: {request.dialogue.messages[-1].text}")

    with live(app_of(turn=crashes)) as address, httpx.Client(base_url=address) as client:
        assert {answer.status_code for answer in turns(client, SAID)} <= {500, 422}
    logged = all_written(written, capfd)
    assert "fault in anxin.serve.openai.complete: ValueError at test_silence.py" in logged
    assert SECRET not in logged


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": SAID}),
        ("/v1/chat/completions", {"messages": [{"role": SAID, "content": SAID}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}], "model": SAID, "temperature": SAID}),
        ("/v1/chat/completions", {SAID: SAID}),
        ("/api/conversations/x/turns", {"text": [SAID]}),
        ("/api/conversations/x/turns", {"text": SAID, "region": SAID, "language": SAID}),
        (f"/{SAID}", {}),
        (f"/api/conversations/{SAID}/turns", {"text": SAID}),
        (f"/api/about?language={SAID}", {}),
    ],
)
def test_a_refusal_neither_logs_nor_repeats_what_was_sent(
    path: str, body: dict[str, object], written: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with live(app_of()) as address, httpx.Client(base_url=address) as client:
        answer = client.post(path, json=body)
        assert 400 <= answer.status_code < 500
        assert SECRET not in answer.text
    # httpx, the test's own client, logs the address it asks for; that is not the server.
    logged = "\n".join(line for line in all_written(written, capfd).split("\n") if "HTTP Request:" not in line)
    assert SECRET not in logged


def test_fastapis_own_validation_does_not_echo(written: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    app = app_of()

    async def numbers(number: int) -> None:
        raise AssertionError

    app.add_api_route("/v1/numbers", numbers, methods=["POST"])
    with live(app) as address, httpx.Client(base_url=address) as client:
        answer = client.post("/v1/numbers", params={"number": SAID})
        assert answer.status_code == 422
        assert SECRET not in answer.text
    logged = "\n".join(line for line in all_written(written, capfd).split("\n") if "HTTP Request:" not in line)
    assert SECRET not in logged
