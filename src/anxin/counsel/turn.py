"""The turn: screen, ledger, route, model under guard. A function of its inputs; nothing outlives it.

Total for safety: the first event is always `Screened`, the last always `Ended`; a fault anywhere leads to the safer
branch, and a client in crisis is answered by authored words, which need no model and wait for none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import get_args

from anxin.counsel.crisis_words import crisis_words as said_in_crisis
from anxin.counsel.crisis_words import may_say
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
from anxin.counsel.judge import Judge
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
    Track,
    Verdict,
    crisis_reply,
    decline_reply,
    jurisdiction,
    region_of,
    safe_reply,
    screen,
    support_reply,
)

__all__ = ["Settings", "Turn", "turn"]

_LONGEST_REPLY = 512  # tokens, where the caller names none
_SPARE = 32  # tokens kept free between prompt and reply for what a count may miss
_GAP = "\n\n"  # between what different speakers say

logger = logging.getLogger("anxin.counsel")


@dataclass(frozen=True, slots=True)
class Settings:
    """The client's own: a preferred language (what they write decides first), region, the time (for tests).

    `humour`: crosstalk may be offered; `offers`: anything may (exercises and cards too). Whose crisis lines are right
    follows where they say they are, then the `region` they chose, then `locale` (an Accept-Language header), then
    `house`, the operator's region, and last the pack whose code is `jurisdiction`.
    """

    language: Language | None = None
    region: str = ""
    locale: str = ""
    house: str = ""
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


async def turn(
    request: Turn,
    model: Model,
    nearest: Nearest | None = None,
    judge: Judge | None = None,
    *,
    crisis_words: bool = False,
) -> AsyncGenerator[Event, None]:
    """The events of one turn: `Screened` first, `Ended` last. Never raises; closing it stops the model.

    `nearest` chooses by meaning among what may be offered; without it the words decide. `judge` may raise a borderline
    verdict before the turn is routed. With `crisis_words` the model may say a sentence between the authored ones where
    the protocol allows it.
    """
    screened, found = await _screened(request, judge)
    yield screened
    said: list[str] = []
    try:
        async with aclosing(_answered(request, screened, found, model, nearest, crisis_words)) as events:
            async for event in events:
                if isinstance(event, Spoken):
                    said.append(event.text)
                yield event
                if isinstance(event, Ended):
                    return
    except Exception as fault:  # the room's outer door: what is total has broken, and somebody is waiting all the same
        logger.error("answering a turn failed: %s", type(fault).__name__)
    for event in _last_words(request.settings, screened, said):
        yield event


async def _answered(
    request: Turn,
    screened: Screened,
    found: list[Piece],
    model: Model,
    nearest: Nearest | None,
    crisis_words: bool,
) -> AsyncGenerator[Event, None]:
    """Everything after `Screened`."""
    language, ledger = screened.language, screened.ledger
    pack, now = _pack(request.settings.jurisdiction), request.settings.now or datetime.now(UTC)
    house = request.settings.house or (pack.region if pack is not None else "")
    region = region_of(request.dialogue, request.settings.region, request.settings.locale, house)
    if not isinstance(region, str):
        raise TypeError("no region")
    for notice in notices(request.dialogue, ledger, language, request.settings.jurisdiction, request.times, now):
        yield notice
    if screened.route is Route.CRISIS:
        reply = crisis_reply(ledger, screened.verdict, language, region, now)
        if crisis_words and reply.may_speak and may_say(model.info, language):
            async with aclosing(_accompanied(request, reply, screened, model, pack)) as events:
                async for event in events:
                    yield event
            return
        for event in _authored(reply):
            yield event
        yield Ended("stop", reply.text, ledger)
        return
    care = support_reply(ledger, screened.verdict, language, region, now)
    if care is None and ledger.support_due:
        raise TypeError("no question, and it is due")
    if screened.route is Route.DECLINE:
        text = decline_reply(ledger, screened.verdict, language)
        yield Spoken(text, "anxin")
        if care is not None:  # the question is due whatever was asked for beside it
            text += _GAP + care.text
            for event in _authored(replace(care, text=_GAP + care.text)):
                yield event
        yield Ended("stop", text, ledger)
        return
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
        gap = _GAP if ended.text else ""
        for event in _authored(replace(care, text=gap + care.text)):
            yield event
        ended = Ended(ended.reason, ended.text + gap + care.text, ledger, ended.prompt_tokens, ended.reply_tokens)
    elif found and ended.reason == "stop":
        yield Offered(await nearest.choose(_newest(request), found) if nearest is not None else found[0])
    yield ended


def _last_words(settings: Settings, screened: Screened, said: list[str]) -> Iterator[Event]:
    """Built-in words with an emergency number for whoever may be in danger, and an end."""
    shown = "".join(part for part in said if isinstance(part, str))
    if screened.ledger.risk < Risk.T2:
        yield Failed("internal", "something broke here; try again")
        yield Ended("failed", shown, screened.ledger)
        return
    reply = safe_reply(screened.language, settings.region or settings.house, settings.now or datetime.now(UTC))
    text = _GAP + reply.text if shown else reply.text
    yield from _authored(replace(reply, text=text))
    yield Ended("stop", shown + text, screened.ledger)


def _pack(code: str) -> Jurisdiction | None:
    """The pack, or None where it cannot be had: the turn goes on, by the guard's own rules and the default's lines."""
    try:
        return jurisdiction(code)
    except Exception as fault:  # a code nobody has checked, or a damaged file
        logger.error("a jurisdiction failed: %s", type(fault).__name__)
        return None


def _newest(request: Turn) -> str:
    return request.dialogue.last.text if request.dialogue.last is not None else ""


async def _screened(request: Turn, judge: Judge | None) -> tuple[Screened, list[Piece]]:
    """The screened turn, and what may be shown after a good reply."""
    heard: Verdict | None = None
    try:
        newest = request.dialogue.last
        text = newest.text if newest is not None and newest.role == "client" else ""
        heard = verdict = screen(text)
        ledger = request.ledger.fold(verdict)
        language = language_of(request.dialogue, request.settings.language)
        # Whoever is in a crisis is answered at once: there is nothing to raise.
        if judge is not None and _route(verdict, ledger) is not Route.CRISIS:
            verdict = await judge.weigh(text, verdict, language)
            heard, ledger = verdict, request.ledger.fold(verdict)
        stage = stage_of(request.dialogue, language, ledger.risk, request.ledger.risk)
        if not isinstance(ledger, Ledger) or language not in get_args(Language):
            raise TypeError("no ledger, or no language")
        route = _route(verdict, ledger)
        found = _offers(request, ledger, language, stage) if route is Route.CONVERSE else []
        if found and found[0].kind == "crosstalk":
            route = Route.HUMOUR
        return Screened(verdict, ledger, route, stage, language), found
    except Exception as fault:  # doubt counts as risk: what cannot be judged is treated as a crisis
        logger.error("screening a turn failed: %s", type(fault).__name__)
        if not isinstance(heard, Verdict) or heard.risk < Risk.T3:
            heard = Verdict(Risk.T3, action=Action.CRISIS, fault=type(fault).__name__)
        ledger = _folded(request.ledger, heard)
        return Screened(heard, ledger, Route.CRISIS, Stage.EXPLORATION, _language(request)), []


def _folded(ledger: Ledger, verdict: Verdict) -> Ledger:
    """The ledger with the verdict, so that the next turn knows of it; a grave one where folding itself is broken."""
    try:
        folded = ledger.fold(verdict)
        if isinstance(folded, Ledger):
            return folded
        raise TypeError("no ledger")
    except Exception:  # the last resort: the track whose words ask what could not be read
        return Ledger(verdict.risk, verdict.risk, calm=False, turns=1, track=Track.FAULT, given=((Track.FAULT, 1),))


def _language(request: Turn) -> Language:
    try:
        language = language_of(request.dialogue, request.settings.language)
        if language in get_args(Language):
            return language
        raise TypeError("no language")
    except Exception:  # as above
        return request.settings.language or "zh"


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


async def _accompanied(
    request: Turn, reply: CrisisReply, screened: Screened, model: Model, pack: Jurisdiction | None
) -> AsyncGenerator[Event, None]:
    """A crisis reply with a sentence of the model's in its middle. The lines come before the model is asked."""
    yield Spoken(reply.lead, "anxin")
    if reply.lines:
        yield Lines(reply.lines)
    words = await said_in_crisis(request.dialogue, model, screened.language, pack)
    text = reply.lead
    if words is not None:
        text += _GAP + words.text
        yield Spoken(_GAP + words.text, "model")
    yield Spoken(_GAP + reply.close, "anxin")
    counts = (words.prompt_tokens, words.reply_tokens) if words is not None else (0, 0)
    yield Ended("stop", text + _GAP + reply.close, screened.ledger, *counts)


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
