"""The page's own API: conversations kept by the server, turns as a stream of typed events."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

import anxin
from anxin.counsel import (
    Ended,
    Event,
    Failed,
    Lines,
    Notice,
    Offered,
    Reasoning,
    Screened,
    Settings,
    Spoken,
    Truncated,
    Turn,
    Waiting,
    disclosure,
)
from anxin.dialogue import Dialogue, Message
from anxin.errors import StoreConflict, StoreError
from anxin.retrieve import Piece, find, folded
from anxin.safety import crisis_lines, jurisdiction, region_of, regions
from anxin.serve.bodies import read_object, readable
from anxin.serve.event_json import line_json, notice_json, piece_json, truncated_json
from anxin.serve.house import House
from anxin.serve.options import ServeOptions
from anxin.serve.refusals import Refusal
from anxin.serve.replies import PING, quoted, send_body, start_stream, to_json
from anxin.serve.running import Running, running
from anxin.serve.settings import locale_of, read_language, read_region, read_settings, region_codes
from anxin.store import Conversation, Utterance

__all__ = ["conversation_routes"]

logger = logging.getLogger("anxin.serve")


def conversation_routes() -> list[BaseRoute]:
    """The routes under /api."""
    return [
        Route("/api/about", about, methods=["GET"]),
        Route("/api/lines", lines, methods=["GET"]),
        Route("/api/conversations", create, methods=["POST"]),
        Route("/api/conversations/{id}", show, methods=["GET"]),
        Route("/api/conversations/{id}", erase, methods=["DELETE"]),
        Route("/api/conversations/{id}/turns", speak, methods=["POST"]),
        Route("/api/conversations/{id}/retry", retry, methods=["POST"]),
    ]


async def about(request: Request) -> Response:
    """What this is, for the page's first screen."""
    house = House.of(request)
    language = read_language(request.query_params.get("language"), status=422) or house.options.language or "zh"
    info, pack = house.model.info, jurisdiction(house.options.jurisdiction)
    return JSONResponse(
        {
            "version": anxin.__version__,
            "model": {
                "name": info.name,
                "demonstration": info.demonstration,
                "backend": info.backend,
                "outside": info.outside,
            },
            "regions": [{"code": code, "name": name} for code, name in regions(language)],
            "region": region_of("", locale=locale_of(request), default=house.options.lines_region),
            "jurisdiction": {"code": pack.code, "name": pack.title[language]},
            "limits": {"message_characters": house.options.max_message_characters},
            "disclosure": disclosure(language),
        }
    )


async def lines(request: Request) -> Response:
    """The crisis lines of a region, best first."""
    options = House.of(request).options
    language = read_language(request.query_params.get("language"), status=422) or options.language or "zh"
    chosen = read_region(request.query_params.get("region"), status=422) or ""
    region = region_of("", chosen, locale_of(request), options.lines_region)
    return JSONResponse(
        {"lines": [line_json(line) for line in crisis_lines(region, language, datetime.now().astimezone())]}
    )


async def create(request: Request) -> Response:
    """Begin a conversation."""
    conversation = await House.of(request).conversations.create()
    return JSONResponse({"id": conversation.id}, 201)


async def show(request: Request) -> Response:
    """What was said so far."""
    conversation = await _find(House.of(request), request.path_params["id"])
    messages = [
        {
            "role": said.role,
            "text": said.text,
            "by": said.by,
            "lines": [line_json(line, kept=True) for line in said.lines],
            **({"notices": [notice_json(notice) for notice in said.notices]} if said.notices else {}),
            **({"offered": piece_json(piece)} if (piece := _offered(said)) is not None else {}),
        }
        for said in conversation.utterances
    ]
    return Response(to_json({"id": conversation.id, "messages": messages}), media_type="application/json")


async def erase(request: Request) -> Response:
    """Erase a conversation; a reply still on its way is not kept."""
    if not await House.of(request).conversations.delete(request.path_params["id"]):
        raise _unknown()
    return Response(status_code=204)


async def speak(request: Request) -> Response:
    """The client's message, answered as a stream of events."""
    house = House.of(request)
    body = await read_object(request, house.options)
    return TurnStream(house, request.path_params["id"], _text(body, house.options), _settings(request, body))


async def retry(request: Request) -> Response:
    """The client's newest message once more, in place of the last reply."""
    house = House.of(request)
    body = await read_object(request, house.options)
    return TurnStream(house, request.path_params["id"], None, _settings(request, body))


class TurnStream(Response):
    """Runs one turn of a kept conversation. Raises `Refusal` while nothing has been sent.

    The client's message and its risk are kept as soon as it is screened, the reply before its end is told, or as far
    as it had come when the client left. `text` None answers the newest message again. Where the store fails the client
    is answered all the same, and what was said is kept with the reply if it can be by then.
    """

    def __init__(self, house: House, id: str, text: str | None, settings: Settings) -> None:
        self._house = house
        self._id = id
        self._text = text
        self._settings = settings
        self._now = settings.now or datetime.now(UTC)
        self._version = 0
        self._unkept: Utterance | None = None
        self._kept = False
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        house = self._house
        if self._id in house.busy:
            raise _running()
        house.busy.add(self._id)
        try:
            conversation = await _find(house, self._id)
            self._version = conversation.version
            turn = self._turn(conversation)
            excess = _excess(conversation, house.options) if self._text is not None else None
            async with running(house, turn, receive, "api", unless_at_risk=excess) as run:
                if self._text is not None:
                    heard = run.screened
                    await self._hear(Utterance("client", self._text, heard.ledger, at=self._now, verdict=heard.verdict))
                try:
                    await self._stream(run, send)
                finally:
                    await self._keep(run)
        finally:
            house.busy.discard(self._id)

    def _turn(self, conversation: Conversation) -> Turn:
        if self._text is not None:
            dialogue = _dialogue(conversation).says("client", self._text)
            return self._asking(dialogue, conversation)
        asked = conversation.unanswered()
        if not asked.utterances:
            raise Refusal(422, "nothing_to_retry", "nothing has been said yet; send a message first")
        return self._asking(_dialogue(asked), asked.before_last())

    def _asking(self, dialogue: Dialogue, past: Conversation) -> Turn:
        # One moment for the whole turn: what is told in it is kept under the time by which it was due.
        settings = replace(self._settings, now=self._now)
        return Turn(dialogue=dialogue, ledger=past.ledger, settings=settings, times=past.times)

    async def _hear(self, said: Utterance) -> None:
        try:
            await self._append(said)
        except StoreConflict:
            raise _running() from None
        except StoreError as fault:
            self._unkept = said
            self._tell(fault)

    async def _append(self, said: Utterance) -> None:
        kept = await self._house.conversations.append(self._id, said, version=self._version)
        if kept is not None:
            self._version = kept.version

    async def _stream(self, run: Running, send: Send) -> None:
        await start_stream(send)
        await send_body(send, _encode(run.screened))
        while (batch := await run.next()) is not None:
            said = [event for event in batch if not isinstance(event, Ended)]
            if said or not batch:
                await send_body(send, b"".join([_encode(event) for event in said]) if said else PING)
            if run.ended is not None:
                # Words go out as they come; that they are over is said when they are kept, and a server may be killed.
                await self._keep(run)
                await send_body(send, _encode(next(event for event in batch if isinstance(event, Ended))))
        await send_body(send, b"", more=False)

    async def _keep(self, run: Running) -> None:
        if self._kept:
            return
        self._kept = True
        try:
            if self._unkept is not None:
                await self._append(self._unkept)
            if run.text or run.lines:  # else an earlier reply is better than none
                await self._house.conversations.replace_reply(self._id, self._reply(run), version=self._version)
        except StoreError as fault:
            self._tell(fault)

    def _tell(self, fault: StoreError) -> None:
        logger.error("something said was not kept: %s", fault)
        self._house.metrics.faults.inc()

    def _reply(self, run: Running) -> Utterance:
        ledger = run.ended.ledger if run.ended is not None else run.screened.ledger
        offered = run.offered.id if run.offered is not None else ""
        by: Literal["model", "anxin"] = "model" if run.by_model else "anxin"
        return Utterance("counsellor", run.text, ledger, by, run.lines, offered, run.notices, self._now)


def _encode(event: Event) -> bytes:
    match event:
        case Spoken(text=text, by=by):
            return b'event: spoken\ndata: {"text":' + quoted(text) + b',"by":"' + by.encode() + b'"}\n\n'
        case Reasoning(text=text):
            return b'event: reasoning\ndata: {"text":' + quoted(text) + b"}\n\n"
        case Screened(route=route, language=language):
            return _event("screened", {"route": route.value, "language": language})
        case Notice():
            return _event("notice", notice_json(event))
        case Waiting(place=place):
            return _event("waiting", {"place": place})
        case Truncated():
            return _event("truncated", truncated_json(event))
        case Lines(lines=lines):
            return _event("lines", {"lines": [line_json(line) for line in lines]})
        case Offered(piece=piece):
            return _event("offered", {"piece": piece_json(piece)})
        case Failed(code=code, message=message):
            return _event("failed", {"code": code, "message": message})
        case Ended(reason="guarded", text=text):
            return _event("ended", {"reason": "guarded", "text": text})
        case Ended(reason=reason):
            return _event("ended", {"reason": reason})


def _event(kind: str, data: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: ".encode() + to_json(data) + b"\n\n"


def _dialogue(conversation: Conversation) -> Dialogue:
    """The dialogue as a client of /v1 would send it: the gate reads from it what has been shown already."""
    messages = (
        Message(said.role, said.text + folded(piece) if (piece := _offered(said)) is not None else said.text)
        for said in conversation.utterances
    )
    return Dialogue(tuple(messages), conversation.id)


def _offered(said: Utterance) -> Piece | None:
    return find(said.offered) if said.offered else None


def _text(body: dict[str, Any], options: ServeOptions) -> str:
    raw = body.get("text")
    if not isinstance(raw, str) or not raw.strip():
        raise Refusal(422, "no_text", "text must hold what the client says; write something")
    if len(raw) > options.max_message_characters:
        limit = f"a message has {len(raw)} characters; at most {options.max_message_characters} are read"
        raise Refusal(413, "message_too_long", limit)
    return readable(raw)


def _settings(request: Request, body: dict[str, Any]) -> Settings:
    region = body.get("region")
    if isinstance(region, str) and region not in region_codes():
        # The page may remember a region of an older release; nobody is turned away in distress for that.
        body = {**body, "region": None}
    return read_settings(body, House.of(request).options, locale_of(request), status=422)


def _excess(conversation: Conversation, options: ServeOptions) -> Refusal | None:
    if len(conversation.utterances) < options.max_turns:
        return None
    limit = f"this conversation has reached its {options.max_turns} messages; begin a new one"
    return Refusal(413, "conversation_too_long", limit)


async def _find(house: House, id: str) -> Conversation:
    conversation = await house.conversations.get(id)
    if conversation is None:
        raise _unknown()
    return conversation


def _running() -> Refusal:
    return Refusal(409, "turn_running", "a reply in this conversation is still running; stop it or wait")


def _unknown() -> Refusal:
    return Refusal(404, "unknown_conversation", "this conversation is not here any more; begin a new one")
