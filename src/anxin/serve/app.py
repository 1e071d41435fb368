"""The application: every part is made here, for one app, and nothing at import."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

import anxin
from anxin import counsel
from anxin.counsel import Judge, system_prompts
from anxin.dialogue import Language
from anxin.errors import ConfigError, StoreDamaged, StoreError
from anxin.model import Model
from anxin.retrieve import packaged
from anxin.safety import Guard, Jurisdiction, jurisdiction, warm
from anxin.serve.conversations import conversation_routes
from anxin.serve.house import House, Places, TurnFunction
from anxin.serve.metrics import CONTENT_TYPE, Metrics
from anxin.serve.openai import openai_routes
from anxin.serve.options import ServeOptions
from anxin.serve.page import Page
from anxin.serve.readiness import Readiness
from anxin.serve.refusals import Refusal, answer_refusal, answer_validation
from anxin.serve.settings import region_codes
from anxin.serve.shield import Shield
from anxin.store import Conversations, MemoryConversations

__all__ = ["create_app"]

_PAGE = Path(__file__).parent / "page"
_LANGUAGES: tuple[Language, ...] = ("zh", "en")

logger = logging.getLogger("anxin.serve")


def create_app(
    model: Model,
    *,
    options: ServeOptions,
    turn: TurnFunction = counsel.turn,
    conversations: Conversations | None = None,
    page: Path = _PAGE,
    judge: Judge | None = None,
    tidy_seconds: float = 600.0,
) -> FastAPI:
    """One app around one model, which it closes when it stops. Raises `ConfigError` for an unknown region.

    `conversations` are kept in memory unless a store is given, which is tidied every `tidy_seconds` and closed here;
    `page` is the folder of the built page. `judge` is the one that `turn` has: it is prepared here, and its model
    closed.
    """
    if options.lines_region not in region_codes():
        raise ConfigError(
            f"region {options.lines_region} has no crisis lines here; use one of {', '.join(region_codes())}"
        )
    metrics = Metrics()
    house = House(
        model=model,
        turn=turn,
        options=options,
        conversations=conversations if conversations is not None else _in_memory(options),
        places=Places(options.max_generations),
        metrics=metrics,
        readiness=Readiness(model),
        page=Page.read(page),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tidying = asyncio.create_task(_tidy(house, tidy_seconds))
        try:
            await asyncio.to_thread(_warm, jurisdiction(options.jurisdiction))
            await model.prepare([prompt for language in _LANGUAGES for prompt in system_prompts(language)[:2]])
            if judge is not None:
                await judge.prepare()
            yield
        finally:
            tidying.cancel()
            try:
                await model.close()
            finally:
                if judge is not None and judge.model is not model:
                    await judge.model.close()
                await house.conversations.close()

    app = FastAPI(
        title="Anxin",
        version=anxin.__version__,
        # FastAPI's own documentation pages would load their scripts from another machine.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # It would carry the text of an exception, and so of a client, to wherever the environment points it.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=lifespan,
        routes=_routes(),
        middleware=[Middleware(Shield, options=options, metrics=metrics), *_cors(options)],
        exception_handlers={
            Refusal: _refuse,
            StoreError: _refuse_for_store,
            HTTPException: _refuse_http,
            RequestValidationError: answer_validation,
        },
    )
    app.state.house = house
    return app


async def _tidy(house: House, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await house.conversations.tidy()
        except StoreError as fault:  # tried again next time
            logger.error("%s", fault)
            house.metrics.faults.inc()


def _warm(pack: Jurisdiction) -> None:
    """Read the screen, the guard's rules and the pieces, so that no client waits for it."""
    warm()
    packaged()
    for language in _LANGUAGES:
        Guard(language, pack)


def _routes() -> list[BaseRoute]:
    return [
        *openai_routes(),
        *conversation_routes(),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics_text),
        _PageRoute("/{path:path}", page),
    ]


class _PageRoute(Route):
    """Any address but those of the APIs, whose own routes then tell a wrong method from a wrong address."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].startswith(("/api/", "/v1/")):
            return Match.NONE, {}
        return super().matches(scope)


async def healthz(request: Request) -> Response:
    """The process is up."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """The model can be used."""
    fault = await House.of(request).readiness.fault()
    return PlainTextResponse(f"{fault}\n", 503) if fault else PlainTextResponse("ready\n")


async def metrics_text(request: Request) -> Response:
    """Counters for Prometheus."""
    return Response(House.of(request).metrics.text(), headers={"content-type": CONTENT_TYPE})


async def page(request: Request) -> Response:
    """The page and its files."""
    return House.of(request).page.answer(request)


async def _refuse(request: Request, refusal: Exception) -> Response:
    if isinstance(refusal, Refusal):
        House.of(request).metrics.refusals.labels(refusal.code).inc()
    return await answer_refusal(request, refusal)


async def _refuse_for_store(request: Request, fault: Exception) -> Response:
    # Its text names files and databases: for the operator, not for a client.
    logger.error("%s", fault)
    House.of(request).metrics.faults.inc()
    if isinstance(fault, StoreDamaged):
        known = Refusal(404, "unknown_conversation", "this conversation cannot be read any more; begin a new one")
    else:
        known = Refusal(503, "store_unavailable", "the records cannot be reached now; try again in a moment")
    return await answer_refusal(request, known)


async def _refuse_http(request: Request, fault: Exception) -> Response:
    status = fault.status_code if isinstance(fault, HTTPException) else 400
    if status == 405:
        known = Refusal(405, "wrong_method", "this address does not take this method", headers=_allowed(fault))
    elif status == 404:
        known = Refusal(404, "not_found", "there is nothing at this address")
    else:
        known = Refusal(status, "bad_request", "this request cannot be answered")
    return await answer_refusal(request, known)


def _allowed(fault: Exception) -> dict[str, str]:
    headers = fault.headers if isinstance(fault, HTTPException) else None
    return {"allow": (headers or {}).get("Allow", "")}


def _cors(options: ServeOptions) -> list[Middleware]:
    if not options.allow_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=options.allow_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["authorization", "content-type"],
            expose_headers=["retry-after"],
        )
    ]


def _in_memory(options: ServeOptions) -> MemoryConversations:
    return MemoryConversations(max_conversations=options.max_conversations, ttl=options.conversation_seconds)
