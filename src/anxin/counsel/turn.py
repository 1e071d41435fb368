"""The turn: screen, ledger, route, model under guard. A function of its inputs; nothing outlives it.

Total for safety: the first event is always `Screened`, the last always `Ended`; a fault anywhere leads to the safer
branch, and a client in crisis is answered by authored words without any model.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from anxin.counsel.events import (
    Ended,
    Event,
    Failed,
    Lines,
    Offered,
    Reasoning,
    Route,
    Screened,
    Spoken,
    Stage,
    Truncated,
    Waiting,
)
from anxin.counsel.language import language_of
from anxin.counsel.notices import notices
from anxin.counsel.prompts import system_prompt
from anxin.counsel.stages import stage_of
from anxin.counsel.window import Window, fit
from anxin.counsel.wording import wording
from anxin.dialogue import Dialogue, Language, Message
from anxin.errors import ModelBroken, ModelError
from anxin.model import Done, Generation, Model, Reply, Thought
from anxin.model import Waiting as InLine
from anxin.retrieve import Nearest, Piece, offers, unfolded
from anxin.safety import (
    Action,
    CrisisReply,
    Guard,
    Jurisdiction,
    Ledger,
    Risk,
    Times,
    Verdict,
    crisis_reply,
    decline_reply,
    jurisdiction,
    region_of,
    screen,
    support_reply,
)

__all__ = ["Settings", "Turn", "turn"]

_LONGEST_REPLY = 512  # tokens, where the caller names none
_SPARE = 32  # tokens kept free between prompt and reply for what a count may miss

logger = logging.getLogger("anxin.counsel")


@dataclass(frozen=True, slots=True)
class Settings:
    """The client's own: a preferred language (what they write decides first), region, the time (for tests).

    `humour`: crosstalk may be offered; `offers`: anything may (exercises and cards too). `jurisdiction` is a pack's
    code; whose crisis lines are right follows it where `region` is "". Where they say they are comes before both.
    """

    language: Language | None = None
    region: str = ""
    jurisdiction: str = "default"
    humour: bool = True
    offers: bool = True
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything a turn depends on. `dialogue` ends with the client's message; `ledger` does not hold it yet.

    Lengths are in tokens; None leaves the choice to Anxin. `times` are what the caller keeps of the conversation;
    without them only a dialogue in which the counsellor has said nothing yet is told who is speaking.
    """

    dialogue: Dialogue
    ledger: Ledger = field(default_factory=Ledger)
    settings: Settings = field(default_factory=Settings)
    times: Times | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None


async def turn(request: Turn, model: Model, nearest: Nearest | None = None) -> AsyncGenerator[Event, None]:
    """The events of one turn: `Screened` first, `Ended` last. Never raises; closing it stops the model.

    `nearest` chooses by meaning among what may be offered; without it the words decide.
    """
    screened, found = _screened(request)
    yield screened
    language, ledger = screened.language, screened.ledger
    pack, now = _pack(request.settings.jurisdiction), request.settings.now or datetime.now(UTC)
    region = region_of(request.dialogue, request.settings.region, default=pack.region if pack is not None else "")
    for notice in notices(request.dialogue, ledger, language, request.settings.jurisdiction, request.times, now):
        yield notice
    if screened.route is Route.CRISIS:
        reply = crisis_reply(ledger, screened.verdict, language, region, now)
        for event in _authored(reply):
            yield event
        yield Ended("stop", reply.text, ledger)
        return
    if screened.route is Route.DECLINE:
        text = decline_reply(ledger, screened.verdict, language)
        yield Spoken(text, "anxin")
        yield Ended("stop", text, ledger)
        return
    care = support_reply(ledger, screened.verdict, language, region, now)
    if care is not None and model.info.demonstration:  # too small to speak to someone who may not want to live
        for event in _authored(care):
            yield event
        yield Ended("stop", care.text, ledger)
        return
    if language not in model.info.languages and care is None:  # better no answer than a senseless one
        text = wording(language).speechless
        yield Spoken(text, "anxin")
        yield Ended("stop", text, ledger)
        return

    said: list[str] = []
    ended: Ended | None = None
    try:
        async with aclosing(_converse(request, screened, found[0] if found else None, model, pack)) as events:
            async for event in events:
                if isinstance(event, Ended):
                    ended = event
                    continue
                if isinstance(event, Spoken):
                    said.append(event.text)
                yield event
    except ModelError as error:
        yield Failed(error.code, str(error))
    except Exception as fault:  # the room's outer door: whatever broke, the client is told and the verdict stands
        logger.error("a turn failed: %s", type(fault).__name__)
        yield Failed("internal", "something broke here; try again")
    ended = ended or Ended("failed", "".join(said), ledger)
    if care is not None:
        gap = "\n\n" if ended.text else ""
        for event in _authored(CrisisReply(gap + care.text, care.lines)):
            yield event
        ended = Ended(ended.reason, ended.text + gap + care.text, ledger, ended.prompt_tokens, ended.reply_tokens)
    elif found and ended.reason == "stop":
        yield Offered(await nearest.choose(_newest(request), found) if nearest is not None else found[0])
    yield ended


def _pack(code: str) -> Jurisdiction | None:
    """The pack, or None where it cannot be had: the turn goes on, by the guard's own rules and the default's lines."""
    try:
        return jurisdiction(code)
    except Exception as fault:  # a code nobody has checked, or a damaged file
        logger.error("a jurisdiction failed: %s", type(fault).__name__)
        return None


def _newest(request: Turn) -> str:
    return request.dialogue.last.text if request.dialogue.last is not None else ""


def _screened(request: Turn) -> tuple[Screened, list[Piece]]:
    """The screened turn, and what may be shown after a good reply."""
    try:
        newest = request.dialogue.last
        verdict = screen(newest.text if newest is not None and newest.role == "client" else "")
        ledger = request.ledger.fold(verdict)
        language = language_of(request.dialogue, request.settings.language)
        stage = stage_of(request.dialogue, language, ledger.risk, request.ledger.risk)
        route = _route(verdict, ledger)
        found = _offers(request, ledger, language, stage) if route is Route.CONVERSE else []
        if found and found[0].kind == "crosstalk":
            route = Route.HUMOUR
        return Screened(verdict, ledger, route, stage, language), found
    except Exception as fault:  # doubt counts as risk: what cannot be judged is treated as a crisis
        logger.error("screening a turn failed: %s", type(fault).__name__)
        verdict = Verdict(Risk.T3, action=Action.CRISIS, fault=type(fault).__name__)
        language = request.settings.language or "zh"
        return Screened(verdict, request.ledger, Route.CRISIS, Stage.EXPLORATION, language), []


def _route(verdict: Verdict, ledger: Ledger) -> Route:
    if verdict.action is Action.CRISIS or ledger.risk >= Risk.T3:
        return Route.CRISIS
    return Route.DECLINE if verdict.action is Action.DECLINE else Route.CONVERSE


def _offers(request: Turn, ledger: Ledger, language: Language, stage: Stage) -> list[Piece]:
    if not request.settings.offers:
        return []
    acting = stage is Stage.ACTION
    return offers(request.dialogue, ledger, language, humour=request.settings.humour, acting=acting)


def _authored(reply: CrisisReply) -> Iterator[Event]:
    yield Spoken(reply.text, "anxin")
    if reply.lines:
        yield Lines(reply.lines)


async def _converse(
    request: Turn, screened: Screened, offered: Piece | None, model: Model, pack: Jurisdiction | None
) -> AsyncGenerator[Event, None]:
    """The model's reply under guard. Ends with `Ended`; raises what the model raises."""
    longest = request.max_tokens or min(_LONGEST_REPLY, model.info.context // 4)
    longest = max(1, min(longest, model.info.context // 2))
    window = await _window(request, screened, offered, model, model.info.context - longest - _SPARE)
    if window.dropped or window.shortened:
        yield Truncated(window.dropped, window.shortened)
    generation = Generation(
        window.messages,
        longest,
        model.info.temperature if request.temperature is None else request.temperature,
        0.9 if request.top_p is None else request.top_p,
        request.stop,
        request.seed,
    )
    guard, thinking = Guard(screened.language, pack), Guard(screened.language, pack)
    said: list[str] = []
    done: Done | None = None
    async with aclosing(model.stream(generation)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Reply):
                if shown := guard.feed(piece.text):
                    said.append(shown)
                    yield Spoken(shown, "model")
                if guard.tripped:
                    break
            elif isinstance(piece, Thought):
                if shown := thinking.feed(piece.text):
                    yield Reasoning(shown)
            elif isinstance(piece, InLine):
                yield Waiting(piece.place)
            else:
                done = piece
    if rest := guard.finish():
        said.append(rest)
        yield Spoken(rest, "model")
    if guard.tripped:
        yield Spoken(f"\n\n{guard.replacement}" if said else guard.replacement, "anxin")
        yield Ended("guarded", guard.replacement, screened.ledger)
        return
    if rest := thinking.finish():
        yield Reasoning(rest)
    if done is None:
        raise ModelBroken("the model stopped without ending its answer")
    if not "".join(said).strip():
        raise ModelBroken("the model gave an empty answer; try again")
    yield Ended(done.reason, "".join(said), screened.ledger, done.prompt_tokens, done.reply_tokens)


async def _window(request: Turn, screened: Screened, offered: Piece | None, model: Model, budget: int) -> Window:
    asked = [message.text for message in request.dialogue.by("system")]
    head: tuple[Message, ...] = ()
    if model.info.instructable:
        own = system_prompt(screened.language, screened.stage, screened.ledger.risk, offered)
        head = (Message("system", "\n\n".join([own, *asked])),)
    spoken = tuple(message for message in unfolded(request.dialogue) if message.role != "system")
    if len(spoken) == 1 and model.info.backend != "embedded":
        return fit(head, spoken, budget, model.count)
    return await asyncio.to_thread(fit, head, spoken, budget, model.count)
