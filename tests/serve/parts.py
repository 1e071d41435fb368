"""What the tests of this room build with: clients, a real server, watched models, scripted turns."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import uvicorn
from fastapi import FastAPI

from anxin.counsel import Ended, Event, Route, Screened, Spoken, Stage, Turn
from anxin.model import EchoModel, Generation, Model, Piece
from anxin.safety import Ledger, Risk, Verdict
from anxin.serve import ServeOptions, bind, create_app
from anxin.serve.house import House, TurnFunction

CALM = "最近工作压力很大，晚上睡不好。"
AT_RISK = "我不想活了"
CRISIS = "我想自杀"


class WatchedModel(EchoModel):
    """The echo model, counting what it does."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.asked: list[Generation] = []
        self.running = 0
        self.closed = False

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        self.asked.append(generation)
        self.running += 1
        try:
            async with aclosing(super().stream(generation)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self.running -= 1

    async def close(self) -> None:
        self.closed = True


def app_of(
    model: Model | None = None, *, turn: TurnFunction | None = None, page: Path | None = None, **options: Any
) -> FastAPI:
    more: dict[str, Any] = {"turn": turn} if turn is not None else {}
    if page is not None:
        more["page"] = page
    return create_app(model or EchoModel(), options=ServeOptions(**options), **more)


def house_of(app: FastAPI) -> House:
    return cast(House, app.state.house)


def client_of(app: FastAPI, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", **options)


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def screened(route: Route = Route.CONVERSE) -> Screened:
    risk = Risk.T4 if route is Route.CRISIS else Risk.T0
    return Screened(Verdict(risk), Ledger(), route, Stage.EXPLORATION, "zh")


def says(*events: Event | Exception, route: Route = Route.CONVERSE) -> TurnFunction:
    """A turn that is screened and then goes as scripted; an exception is raised."""

    async def turn(request: Turn, model: Model) -> AsyncGenerator[Event, None]:
        yield screened(route)
        for event in events:
            if isinstance(event, Exception):
                raise event
            yield event

    return turn


def speech(*texts: str) -> list[Event]:
    return [*(Spoken(text, "model") for text in texts), Ended("stop", "".join(texts), Ledger())]


def data_of(stream: str) -> list[dict[str, Any]]:
    """The JSON of an OpenAI stream's data lines, without the closing [DONE]."""
    lines = [line for line in stream.split("\n") if line.startswith("data: {")]
    return [json.loads(line[6:]) for line in lines]


def text_of(stream: str) -> str:
    choices = [choice for chunk in data_of(stream) for choice in chunk.get("choices", ())]
    return "".join(choice["delta"].get("content", "") for choice in choices)


def events_of(stream: str) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of the page's events."""
    blocks = [block for block in stream.split("\n\n") if block.startswith("event: ")]
    return [(block.split("\n")[0][7:], json.loads(block.split("\n")[1][6:])) for block in blocks]


@contextmanager
def live(app: FastAPI) -> Iterator[str]:
    """The app under a real uvicorn on loopback."""
    listener = bind(ServeOptions(port=0))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        eventually(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something that is to happen within a moment."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
