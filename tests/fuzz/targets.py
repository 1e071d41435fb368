"""What must hold for any bytes, one function a door. A broken promise raises `AssertionError`.

Most doors are total: they catch what breaks inside and answer cautiously. A fuzzer would never see that, so a fault
that was caught counts as a failure here, and what swallows faults silently is called one step further in.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, Final

from anxin.counsel import Ended, Failed, Screened, Settings, Turn, turn
from anxin.counsel import judge as judge_room
from anxin.dialogue import Dialogue, Language
from anxin.errors import DataError
from anxin.model import EchoModel
from anxin.retrieve import Piece, folded, offers, unfolded
from anxin.retrieve.folded import shown
from anxin.retrieve.gate import whether
from anxin.retrieve.offer import candidates, packaged
from anxin.safety import (
    Action,
    Concern,
    Cue,
    Evidence,
    Guard,
    Jurisdiction,
    Ledger,
    Risk,
    Subject,
    Track,
    Verdict,
    crisis_lines,
    crisis_reply,
    decline_reply,
    judge,
    jurisdictions,
    places,
    region_of,
    regions,
    screen,
    support_reply,
)

__all__ = ["LONGEST", "TARGETS", "warm"]

LONGEST: Final = 4_096  # characters of one text
_MOST_EVIDENCE: Final = 16
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NEUTRAL: Final = ("\n今天下雨了。", "\nIt is raining here today.")
_KEYS: Final = ("id", "risk", "concerns", "subject", "action", "evidence", "microseconds")


def warm() -> None:
    """Read every data file once, so that no input is charged for it."""
    for pack in _packs():
        Guard("zh", pack)
    for word in ("我不想活了", "I want to die", "讲个笑话吧"):
        turns(word.encode())
        ledgers(word.encode())
    packaged().search("睡不着", "exercise", "zh", without=frozenset(), most=1)


def _text(data: bytes) -> str:
    """Lone surrogates where the bytes are no UTF-8: a JSON body may bring them, too."""
    return data.decode("utf-8", "surrogateescape")[:LONGEST]


def _dice(data: bytes) -> random.Random:
    """Choices beside the text: the same for the same input."""
    return random.Random(data)


def _sound(verdict: Verdict, text: str) -> None:
    assert isinstance(verdict, Verdict) and isinstance(verdict.risk, Risk)
    assert not verdict.fault, verdict.fault
    assert len(verdict.evidence) <= _MOST_EVIDENCE
    for found in verdict.evidence:
        assert 0 <= found.start < found.end <= len(text), found
    assert verdict.likelihood is None or 0 <= verdict.likelihood <= 1
    assert (verdict.action is Action.CRISIS) == (verdict.risk >= Risk.T3)
    assert verdict.action is not Action.CONVERSE or verdict.risk is Risk.T0


def screens(data: bytes) -> None:
    """A verdict without a fault, the same each time; danger now is not talked away by a calm sentence after it."""
    text = _text(data)
    verdict = screen(text)
    _sound(verdict, text)
    assert screen(text) == verdict
    if verdict.risk is Risk.T5:
        for more in _NEUTRAL:
            after = screen(text + more)
            assert after.risk >= Risk.T3, after


def judges(data: bytes) -> None:
    """A record in, a record out, or a `DataError` that says what to do."""
    for record in _records(data):
        try:
            answer = judge(record)
        except DataError as error:
            assert str(error)
            continue
        assert set(_KEYS) <= answer.keys() and "fault" not in answer
        assert 0 <= answer["risk"] <= 5
        json.dumps(answer)


def _records(data: bytes) -> list[Mapping[str, Any]]:
    text = _text(data)
    roles = ("user", "assistant", "system", "tool", 3, None)
    dice = _dice(data)
    said = [{"role": dice.choice(roles[:3]), "content": line} for line in text.split("\n")[:8]]
    odd = [{"role": dice.choice(roles), "content": dice.choice((line, None, 3, [line]))} for line in text.split("\n")]
    records: list[Mapping[str, Any]] = [{"text": text}, {"messages": said}, {"messages": odd[:8]}]
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return records
    return [*records, given] if isinstance(given, dict) else [*records, {"messages": given}, {"text": given}]


@cache
def _packs() -> tuple[Jurisdiction | None, ...]:
    return (None, *jurisdictions())


def guards(data: bytes) -> None:
    """What is shown is a beginning of the reply, and how the reply was cut changes nothing."""
    text, dice = _text(data), _dice(data)
    languages: tuple[Language, ...] = ("zh", "en")
    language, pack = dice.choice(languages), dice.choice(_packs())
    cuts = sorted({0, len(text), *(dice.randrange(len(text) + 1) for _ in range(dice.randrange(12)))})
    whole, tripped = _guarded([text], language, pack)
    for pieces in (list(text), [text[start:end] for start, end in pairwise(cuts)]):
        assert _guarded(pieces, language, pack) == (whole, tripped)
    assert tripped != "fault"
    assert text.startswith(whole)
    assert tripped is not None or whole == text


def _guarded(pieces: list[str], language: Language, pack: Jurisdiction | None) -> tuple[str, str | None]:
    guard = Guard(language, pack)
    seen = "".join([guard.feed(piece) for piece in pieces]) + guard.finish()
    assert bool(guard.replacement) == (guard.tripped is not None)
    return seen, guard.tripped


def ledgers(data: bytes) -> None:
    """Any record reads as a ledger; folding never falls below the verdict, forgets no peak and survives JSON."""
    text, dice = _text(data), _dice(data)
    ledger = Ledger.from_json(text)
    assert ledger.risk <= ledger.peak
    for verdict in (_verdict(dice) for _ in range(dice.randrange(1, 12))):
        folded_ = ledger.fold(verdict)
        assert folded_ == ledger._fold(verdict), "fold went by its cautious way"
        assert folded_.risk >= verdict.risk and folded_.peak >= max(ledger.peak, folded_.risk)
        assert folded_.turns == ledger.turns + 1
        assert (folded_.track is None) <= (folded_.risk < Risk.T3)
        assert Ledger.from_json(folded_.to_json()) == folded_
        # One byte wrong must not read as calm, unless what is left is a ledger in its own right.
        kept = folded_.to_json()
        at = dice.randrange(len(kept))
        hurt = Ledger.from_json(kept[:at] + chr(dice.randrange(32, 127)) + kept[at + 1 :])
        assert isinstance(hurt, Ledger) and hurt.risk <= hurt.peak
        _speaks(folded_, verdict, dice)
        ledger = folded_


def _verdict(dice: random.Random) -> Verdict:
    risk = dice.choice(tuple(Risk))
    return Verdict(
        risk,
        tuple(dice.sample(tuple(Concern), dice.randrange(4))),
        dice.choice(tuple(Subject)),
        Action.CRISIS if risk >= Risk.T3 else dice.choice((Action.CONVERSE, Action.SUPPORT, Action.DECLINE)),
        (Evidence(0, 1, dice.choice(("self-harm", "preparation: means", "x"))),) * dice.randrange(2),
        dice.choice(("", "", "", "injected")),
        tuple(dice.sample(tuple(Cue), dice.randrange(4))),
    )


def _speaks(ledger: Ledger, verdict: Verdict, dice: random.Random) -> None:
    """Whatever a ledger holds, the authored replies have words for it, and a number in a crisis."""
    region = dice.choice(regions("zh"))[0]
    for language in ("zh", "en"):
        assert decline_reply(ledger, verdict, language)
        care = support_reply(ledger, verdict, language, region, _EPOCH)
        assert (care is not None) == ledger.support_due
        if not ledger.crisis:
            continue
        reply = crisis_reply(ledger, verdict, language, region, _EPOCH)
        assert reply.text and any(line.kind == "emergency" for line in reply.lines)


def lines(data: bytes) -> None:
    """Whatever is said or sent, the region has lines, and these hold an emergency number."""
    text, dice = _text(data), _dice(data)
    parts = [*text.split("\n", 3), "", "", ""]
    setting, locale, house = parts[1][:40], parts[2][:80], parts[3][:40]
    # `region_of` is total and would hide a fault in its reading of the client's words.
    places._said(parts[0])
    region = region_of(Dialogue().says("client", parts[0]), setting, locale, house)
    known = {code for code, _ in regions("zh")}
    assert region in known, region
    moment = _EPOCH + timedelta(minutes=dice.randrange(-500_000, 500_000))
    for language in ("zh", "en"):
        for wanted in (region, text):
            found = crisis_lines(wanted, language, moment)
            assert any(line.kind == "emergency" for line in found) and any(line.kind == "line" for line in found)


def offered(data: bytes) -> None:
    """Pieces of one kind, none twice, none from T2 on; what was shown is found again, and taken out again."""
    text, dice = _text(data), _dice(data)
    said = text.split("\n")[:12]
    dialogue = Dialogue()
    for line in said:
        dialogue = dialogue.says("client", line).says("counsellor", dice.choice(said))
    dialogue = dialogue.says("client", said[-1])
    risk = dice.choice(tuple(Risk))
    ledger = Ledger(risk, risk, risk is Risk.T0, len(said))
    languages: tuple[Language, ...] = ("zh", "en")
    language = dice.choice(languages)
    humour, acting = dice.random() < 0.5, dice.random() < 0.5
    wish = whether(dialogue, ledger, language, shown(dialogue), humour=humour, acting=acting)
    pieces = candidates(wish, packaged()) if wish is not None else []
    assert offers(dialogue, ledger, language, humour=humour, acting=acting) == pieces
    assert all(isinstance(piece, Piece) and piece.language == language for piece in pieces)
    assert len({piece.kind for piece in pieces}) <= 1 and len({piece.id for piece in pieces}) == len(pieces)
    assert not pieces or risk < Risk.T2
    unfolded(dialogue)
    if pieces:
        after = dialogue.says("counsellor", "嗯" + folded(pieces[0])).says("client", "嗯")
        assert pieces[0].id in shown(after).ids
        assert "<details>" not in unfolded(after).messages[-2].text


def answers(data: bytes) -> None:
    """What the judge model says is a level, or nothing."""
    for text in (_text(data), json.dumps({"risk": len(data) % 9, "reason": _text(data)[:80]})):
        heard = judge_room._read(text)
        assert heard is None or isinstance(heard, Risk)


def turns(data: bytes) -> None:
    """A whole turn over a model that says the client's own words: `Screened` first, `Ended` last, nothing broken."""
    text, dice = _text(data)[:600], _dice(data)
    request = Turn(Dialogue().says("client", text), settings=Settings(now=_EPOCH, humour=dice.random() < 0.5))

    async def run() -> list[object]:
        return [event async for event in turn(request, EchoModel(context=dice.choice((256, 4_096))))]

    events = asyncio.run(run())
    first, last = events[0], events[-1]
    assert isinstance(first, Screened) and isinstance(last, Ended)
    _sound(first.verdict, text)
    assert not any(isinstance(event, Failed) and event.code == "internal" for event in events)
    assert last.text or last.reason == "failed"
    assert not first.ledger.crisis or (last.text and first.ledger.track in tuple(Track))


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "screen": screens,
    "judge": judges,
    "guard": guards,
    "ledger": ledgers,
    "lines": lines,
    "offers": offered,
    "answers": answers,
    "turn": turns,
}
